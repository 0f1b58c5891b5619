import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { denoBinary, HOST_ENVIRONMENT, RUN_ALONE } from "../../src/deno/deno.ts";
import { type Context, EXPECTED, uniqueRequest } from "../context.ts";
import { type Load, load, loop } from "../load.ts";
import { median } from "../stats.ts";
import type { Row } from "../table.ts";

const ROUNDS = 2;
const CLIENTS = 4;
/** Milliseconds in which the first warm sandboxes answer. Later executions come at a steady rate. */
const RAMP = 1_500;
const MEASURED = 4_000;
const LOOP = 2_000;
const CONCURRENCIES = [1, 2, 4] as const;

type Level = "container" | "isolated";

/** Measures executions that have a sandbox each, with all clients busy. References: in turns. */
export async function oneShot(context: Context): Promise<Row[]> {
  const file = join(context.scratch, "nothing.js");
  await writeFile(file, "");
  return [
    ...(await measure(context, "container", "create + start + remove", (at) =>
      context.plain.loop(at, LOOP, context.signal),
    )),
    ...(await measure(context, "isolated", "deno run of an empty file", (at) =>
      loop(at, LOOP, () => emptyRun(file), context.signal),
    )),
  ];
}

async function measure(
  context: Context,
  level: Level,
  name: string,
  plain: (concurrency: number) => Promise<number>,
): Promise<Row[]> {
  const { server, signal } = context;
  const loads: Load[] = [];
  const loops = new Map<number, number[]>(CONCURRENCIES.map((each) => [each, []]));
  const shot = () => ({
    path: "/execute",
    body: { ...uniqueRequest(), sandbox: level },
    expected: EXPECTED,
  });
  for (let round = 0; round < ROUNDS; round += 1) {
    await server.quiet();
    const { origin } = server;
    loads.push(
      await load({ origin, clients: CLIENTS, ramp: RAMP, measured: MEASURED, shot, signal }),
    );
    for (const [concurrency, rates] of loops) {
      await server.quiet();
      rates.push(await plain(concurrency));
    }
  }
  const [best] = [...loops].sort(([, a], [, b]) => median(b) - median(a));
  const work = `one-shot, ${level}, ${CLIENTS} clients`;
  return [
    {
      work,
      unit: "/s",
      values: loads.map(({ perSecond }) => perSecond),
      reference: { name: `${name}, ${best?.[0]} at once`, values: best?.[1] ?? [] },
      ...(level === "container" && { goal: { of: "ratio", better: "higher", must: 1, aim: 1.8 } }),
    },
    {
      work: `${work} (p95)`,
      unit: "ms",
      values: loads.flatMap((each) => each.latencies),
      at: 0.95,
    },
    { work: `${work}, refused`, unit: "", values: loads.map(({ refused }) => refused) },
  ];
}

async function emptyRun(file: string): Promise<void> {
  const env = { ...HOST_ENVIRONMENT };
  await once(spawn(denoBinary(), [...RUN_ALONE, file], { env, stdio: "ignore" }), "exit");
}
