import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { deadline } from "../../src/base/deadline.ts";
import { endChild, lastWords } from "../children.ts";
import { removeOwn } from "../containers.ts";
import { type Context, EXPECTED, rounds, uniqueRequest } from "../context.ts";
import { Client } from "../http.ts";
import { launchOf } from "../server.ts";
import type { Row } from "../table.ts";

const SAMPLES = 5;
const UP_WITHIN = 60_000;
const STOP_WITHIN = 35_000;
const POLL = 10;

/** Figures of one start. */
interface Started {
  /** Milliseconds until it listens; next, until a sandbox is warm. */
  readonly listens: number;
  readonly ready: number;
  /** Megabytes of the server's own process after its first execution. */
  readonly resident: number;
}

/**
 * Starts a server repeatedly, with an existing store and image. Measures the time to listen and its
 * memory. Reference: a Node.js process that does nothing.
 */
export async function start(context: Context): Promise<Row[]> {
  const all: Started[] = [];
  const nothing: number[] = [];
  // The first start creates the store.
  for (const round of rounds(context, SAMPLES + 1, 60)) {
    nothing.push(await timeOf(["-e", "0"]));
    const one = await startOnce(context);
    if (round > 0) all.push(one);
  }
  const reference = { name: "node -e 0", values: nothing };
  const value = (must: number, aim: number) =>
    ({ of: "value", better: "lower", must, aim }) as const;
  const listens = all.map((each) => each.listens);
  const ready = all.map((each) => each.ready);
  const resident = all.map((each) => each.resident);
  return [
    {
      work: "start until it listens",
      unit: "ms",
      values: listens,
      reference,
      goal: value(900, 600),
    },
    { work: "start until ready", unit: "ms", values: ready, reference, goal: value(1_600, 1_200) },
    { work: "memory of the server", unit: "MB", values: resident, goal: value(260, 200) },
  ];
}

async function timeOf(args: readonly string[]): Promise<number> {
  const started = performance.now();
  await once(spawn(process.execPath, args, { stdio: "ignore" }), "exit");
  return performance.now() - started;
}

async function startOnce({ docker, scratch, signal }: Context): Promise<Started> {
  const runDirectory = join(scratch, "start");
  const started = performance.now();
  const child = launchOf({ docker, runDirectory, min: 2, signal });
  try {
    const origin = await deadline(addressOf(child), UP_WITHIN, "Starting the server");
    const listens = performance.now() - started;
    const client = new Client(origin, signal);
    while ((await client.get("/readyz")).status !== 200) await sleep(POLL, undefined, { signal });
    const ready = performance.now() - started;
    await client.execute(uniqueRequest(), EXPECTED);
    const resident = await residentOf(child);
    client.close();
    return { listens, ready, resident };
  } finally {
    await endChild(child, "SIGTERM", STOP_WITHIN);
    await removeOwn(docker, runDirectory);
  }
}

function addressOf(child: ChildProcess): Promise<string> {
  const words = lastWords(child);
  return new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error(`The server did not start: ${words()}`)));
    child.stderr?.on("data", () => {
      const origin = /listens on (http:[^\s"]+)/.exec(words())?.[1];
      if (origin !== undefined) resolve(origin);
    });
  });
}

async function residentOf({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
}
