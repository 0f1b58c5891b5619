import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { denoBinary, HOST_ENVIRONMENT, RUN_ALONE } from "../../src/deno/deno.ts";
import { busyEach } from "../busy.ts";
import { type Context, EXPECTED, rounds, uniqueRequest } from "../context.ts";
import { together } from "../stats.ts";
import type { Row } from "../table.ts";

const ROUNDS = 3;
const CLIENTS = 4;
const MEASURED = 5_000;
/** Milliseconds until the server has compiled its runner, which it does after some starts. */
const WARM_UP = 4_000;
const PATIENCE = 20_000;
const RUNS = 40;
const LOOP = 4_000;

type Level = "container" | "isolated";

/** Limits in milliseconds of processor time. */
const LEVELS: Readonly<Record<Level, number>> = { container: 165, isolated: 55 };

/**
 * Measures the processor time of executions that have a sandbox each, with all clients busy.
 * References, in turns: the same container created, started and removed, and a Deno process that
 * runs an empty file.
 */
export async function processor(context: Context): Promise<Row[]> {
  const { scratch, signal, plain, server } = context;
  const file = join(scratch, "empty.js");
  await writeFile(file, "");
  const values: Record<Level, number[]> = { container: [], isolated: [] };
  const containers: number[] = [];
  const processes: number[] = [];
  for (const level of ["container", "isolated"] as const) await executions(context, level, WARM_UP);
  for (const _ of rounds(context, ROUNDS, 120)) {
    for (const level of ["container", "isolated"] as const) {
      await server.quiet();
      const work = (): Promise<number> => executions(context, level, MEASURED);
      values[level].push(await busyEach(work, signal));
    }
    await server.quiet();
    const loop = async (): Promise<number> => ((await plain.loop(1, LOOP, signal)) * LOOP) / 1_000;
    containers.push(await busyEach(loop, signal));
    processes.push(await busyEach(() => emptyRuns(file), signal));
  }
  const row = (level: Level, name: string, reference: number[]): Row => ({
    work: `processor time of a one-shot, ${level}`,
    unit: "ms",
    values: values[level],
    reference: { name, values: reference },
    goal: { of: "value", better: "lower", must: LEVELS[level] },
  });
  return [
    row("container", "create + start + remove", containers),
    row("isolated", "deno run of an empty file", processes),
  ];
}

async function executions({ server, signal }: Context, level: Level, ms: number): Promise<number> {
  const end = performance.now() + ms;
  let done = 0;
  await together(CLIENTS, async () => {
    while (performance.now() < end && !signal.aborted) {
      await server.execute({ ...uniqueRequest(PATIENCE), sandbox: level }, EXPECTED);
      done += 1;
    }
  });
  signal.throwIfAborted();
  return done;
}

async function emptyRuns(file: string): Promise<number> {
  for (let run = 0; run < RUNS; run += 1) {
    const env = { ...HOST_ENVIRONMENT };
    await once(spawn(denoBinary(), [...RUN_ALONE, file], { env, stdio: "ignore" }), "exit");
  }
  return RUNS;
}
