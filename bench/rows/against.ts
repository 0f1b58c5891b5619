import { setTimeout as sleep } from "node:timers/promises";
import { type Context, EXPECTED, rounds, uniqueRequest } from "../context.ts";
import type { BenchServer } from "../server.ts";
import type { Row } from "../table.ts";

const WARM_UP = 3;
/** Milliseconds for the work that an answered request leaves behind. */
const BREATH = 50;

interface Samples {
  readonly warm: number[];
  readonly reused: number[];
}

/** Measures warm and reused requests to this checkout's server and to another one's, in turns. */
export async function against(context: Context): Promise<Row[]> {
  const { server, against: other, signal } = context;
  if (other === undefined) return [];
  const own: Samples = { warm: [], reused: [] };
  const before: Samples = { warm: [], reused: [] };
  const sample = async (of: BenchServer, into: Samples): Promise<void> => {
    await Promise.all([server.quiet(), other.quiet()]);
    into.warm.push((await of.execute(uniqueRequest(), EXPECTED)).ms);
    await sleep(BREATH, undefined, { signal });
    into.reused.push((await of.execute(REUSED, EXPECTED)).ms);
  };
  for (const round of rounds(context, WARM_UP + context.samples, 120)) {
    await sample(server, own);
    await sample(other, before);
    if (round < WARM_UP) for (const each of [own, before]) clear(each);
  }
  return [row("execute, warm", own.warm, before.warm), row("reused", own.reused, before.reused)];
}

/** One code for all samples, so that only the first one starts a sandbox for it. */
const REUSED = { ...uniqueRequest(), reuse: "code" };

function clear({ warm, reused }: Samples): void {
  warm.length = 0;
  reused.length = 0;
}

function row(work: string, values: number[], before: number[]): Row {
  return {
    work,
    unit: "ms",
    values,
    reference: { name: "the other checkout", values: before },
    goal: { of: "ratio", better: "lower", must: 1.1, aim: 1 },
  };
}
