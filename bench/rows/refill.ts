import { setTimeout as sleep } from "node:timers/promises";
import { type Context, EXPECTED, rounds, share, uniqueRequest } from "../context.ts";
import { type RawAnswer, RawClient } from "../raw-client.ts";
import type { Row } from "../table.ts";

/** Milliseconds from one execution to the next: half of the starts that two cores can do. */
const EVERY = 200;
/** Executions after which the pool is always refilling. */
const WARM_UP = 8;

/** Executions at rest, which are the second reference. */
const AT_REST = 1 / 2;

/**
 * Measures one-shots at a steady rate, so that the pool refills all the time. References: their own
 * median, and that of executions at rest, since a pool that is empty makes all of them slow.
 */
export async function refill(context: Context): Promise<Row[]> {
  const { server, signal } = context;
  const client = await RawClient.open(server.origin, signal);
  const values: number[] = [];
  const rest: number[] = [];
  try {
    for (const _ of rounds(context, share(context, AT_REST), 15)) {
      await server.quiet();
      await sleep(EVERY, undefined, { signal });
      rest.push((await once(client)).ms);
    }
    await server.quiet();
    const count = WARM_UP + share(context, 3);
    const started = performance.now();
    for (let n = 0; n < count; n += 1) {
      // An answer that comes late does not delay the requests after it.
      const pause = started + n * EVERY - performance.now();
      if (pause > 0) await sleep(pause, undefined, { signal });
      const { ms } = await once(client);
      if (n >= WARM_UP) values.push(ms);
    }
  } finally {
    client.close();
  }
  const row: Omit<Row, "reference"> = {
    work: `one-shot while the pool refills, ${1_000 / EVERY} a second (p99)`,
    unit: "ms",
    values,
    at: 0.99,
    goal: { of: "ratio", better: "lower", must: 4 },
  };
  return [
    { ...row, reference: { name: "their p50", values, at: 0.5 } },
    { ...row, reference: { name: "p50 at rest", values: rest, at: 0.5 } },
  ];
}

async function once(client: RawClient): Promise<RawAnswer> {
  const answer = await client.post("/execute", uniqueRequest());
  if (answer.status !== 200 || answer.body.result !== EXPECTED) {
    throw new Error(`POST /execute: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  return answer;
}
