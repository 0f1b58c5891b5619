import { type Context, EXPECTED, uniqueRequest } from "../context.ts";
import { median, rate, together } from "../stats.ts";
import type { Row } from "../table.ts";

const ROUNDS = 2;
const CLIENTS = 8;
/**
 * Milliseconds in which the first warm sandboxes answer. Later executions come at a steady rate.
 */
const RAMP = 1_500;
const MEASURED = 5_000;
const LOOP = 2_500;
const CONCURRENCIES = [1, 2, 4] as const;
/**
 * Longest wait of a client. Most of the eight wait, because one or two sandboxes start at a time.
 */
const PATIENCE = 20_000;

/**
 * Measures executions a second with all clients busy. Reference: the engine's own rate, in turns.
 */
export async function throughput(context: Context): Promise<Row[]> {
  const values: number[] = [];
  const loops = new Map<number, number[]>(CONCURRENCIES.map((each) => [each, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    values.push(await executions(context));
    for (const [concurrency, rates] of loops) rates.push(await plainLoop(context, concurrency));
  }
  const [best] = [...loops].sort(([, a], [, b]) => median(b) - median(a));
  if (best === undefined) throw new Error("No concurrency was tried");
  return [
    {
      work: `one-shot, ${CLIENTS} clients`,
      unit: "/s",
      values,
      reference: { name: `create + start + remove, ${best[0]} at once`, values: best[1] },
      goal: { of: "ratio", better: "higher", must: 1, aim: 1.8 },
    },
  ];
}

async function executions({ server, signal }: Context): Promise<number> {
  await server.quiet();
  const from = performance.now() + RAMP;
  const to = from + MEASURED;
  const completions: number[] = [];
  await together(CLIENTS, async () => {
    while (performance.now() < to && !signal.aborted) {
      await server.execute(uniqueRequest(PATIENCE), EXPECTED);
      completions.push(performance.now());
    }
  });
  signal.throwIfAborted();
  return rate(completions, from, to);
}

async function plainLoop({ server, plain, signal }: Context, concurrency: number) {
  await server.quiet();
  const perSecond = await plain.loop(concurrency, LOOP, signal);
  signal.throwIfAborted();
  return perSecond;
}
