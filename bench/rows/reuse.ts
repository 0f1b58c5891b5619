import { setTimeout as sleep } from "node:timers/promises";
import { type Context, EXPECTED, rounds, share, uniqueRequest } from "../context.ts";
import type { Row } from "../table.ts";

const WARM_UP = 20;
/** Milliseconds for the work that an answered request leaves behind. */
const BREATH = 20;

/** Measures the same request repeatedly, in the sandbox that ran it before. */
export async function reuse(context: Context): Promise<Row[]> {
  const { server, signal } = context;
  const request = { ...uniqueRequest(), reuse: "code" };
  await server.quiet();
  for (let round = 0; round < WARM_UP; round += 1) await server.execute(request, EXPECTED);
  const values: number[] = [];
  for (const _ of rounds(context, share(context, 1), 20)) {
    await sleep(BREATH, undefined, { signal });
    values.push((await server.execute(request, EXPECTED)).ms);
  }
  return [
    {
      work: "execute, reused",
      unit: "ms",
      values,
      goal: { of: "value", better: "lower", must: 5 },
    },
  ];
}
