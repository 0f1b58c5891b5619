import { type Context, rounds, share } from "../context.ts";
import { untilOneIsGone } from "../proc.ts";
import type { Row } from "../table.ts";

const TIMEOUT = 300;

/**
 * Measures how late the answer for an endless loop is, and how soon the processor is free again.
 */
export async function deadline(context: Context): Promise<Row[]> {
  const late: number[] = [];
  const freed: number[] = [];
  for (const _ of rounds(context, share(context, 1 / 4), 12)) {
    const one = await sample(context);
    late.push(one.late);
    freed.push(one.freed);
  }
  return [
    {
      work: `deadline of ${TIMEOUT} ms, answered late by`,
      unit: "ms",
      values: late,
      goal: { of: "value", better: "lower", must: 100, aim: 20 },
    },
    {
      work: "deadline, processor free after answer",
      unit: "ms",
      values: freed,
      goal: { of: "value", better: "lower", must: 1_000, aim: 200 },
    },
  ];
}

async function sample({ server }: Context): Promise<{ late: number; freed: number }> {
  await server.quiet();
  // One of these will run the code; the others stay warm.
  const pids = await server.sandboxPids();
  const request = { code: "export default () => { while (true); }", timeout: TIMEOUT };
  const { status, body, ms } = await server.client.post("/execute", request);
  const freed = await untilOneIsGone(pids);
  const { logs } = body as { logs?: { name?: string }[] };
  if (status !== 200 || logs?.at(-1)?.name !== "TimeoutError") {
    throw new Error(`An endless loop was answered: ${status} ${JSON.stringify(body)}`);
  }
  return { late: ms - TIMEOUT, freed };
}
