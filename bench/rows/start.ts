import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { deadline } from "../../src/base/deadline.ts";
import { endChild, lastWords } from "../children.ts";
import { removeOwn } from "../containers.ts";
import { type Context, EXPECTED, rounds, uniqueRequest } from "../context.ts";
import { Client } from "../http.ts";
import { launchOf, storeOf } from "../server.ts";
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

/** A way of starting, with its goals. */
interface Way {
  /** Added to the rows' names. */
  readonly name: string;
  readonly level: "container" | "isolated";
  /** True if each start creates the store. */
  readonly isFirst: boolean;
  /** Goals in milliseconds. */
  readonly listens: readonly [must: number, aim: number];
  readonly ready: readonly [must: number, aim: number];
}

const USUAL = {
  name: "",
  level: "container",
  isFirst: false,
  listens: [900, 600],
  ready: [1_600, 1_200],
} satisfies Way;

const WAYS: readonly Way[] = [
  USUAL,
  { ...USUAL, name: ", no engine", level: "isolated" },
  { ...USUAL, name: ", new store", isFirst: true, listens: [1_500, 900], ready: [2_200, 1_600] },
];

/**
 * Starts a server repeatedly, with an existing image. Measures the time to listen, the time to be
 * ready and the memory. It does so in turn with an existing store, without an engine, and with a
 * new store. Reference: a Node.js process that does nothing.
 */
export async function start(context: Context): Promise<Row[]> {
  const all = new Map<Way, Started[]>(WAYS.map((way) => [way, []]));
  const nothing: number[] = [];
  // The first round creates the stores.
  for (const round of rounds(context, SAMPLES + 1, 150)) {
    nothing.push(await timeOf(["-e", "0"]));
    for (const [way, starts] of all) {
      const one = await startOnce(context, way);
      if (round > 0) starts.push(one);
    }
  }
  const reference = { name: "node -e 0", values: nothing };
  return [...all].flatMap(([way, starts]) => rowsOf(way, starts, reference));
}

function rowsOf(
  { name, listens, ready }: Way,
  starts: readonly Started[],
  reference: Row["reference"] & object,
): Row[] {
  const value = (must: number, aim: number) =>
    ({ of: "value", better: "lower", must, aim }) as const;
  return [
    {
      work: `start until it listens${name}`,
      unit: "ms",
      values: starts.map((each) => each.listens),
      reference,
      goal: value(...listens),
    },
    {
      work: `start until ready${name}`,
      unit: "ms",
      values: starts.map((each) => each.ready),
      reference,
      goal: value(...ready),
    },
    {
      work: `memory of the server${name}`,
      unit: "MB",
      values: starts.map((each) => each.resident),
      goal: value(260, 200),
    },
  ];
}

async function timeOf(args: readonly string[]): Promise<number> {
  const started = performance.now();
  await once(spawn(process.execPath, args, { stdio: "ignore" }), "exit");
  return performance.now() - started;
}

async function startOnce(
  { docker, scratch, signal }: Context,
  { level, isFirst }: Way,
): Promise<Started> {
  const runDirectory = join(scratch, isFirst ? "first-start" : "start");
  if (isFirst) await rm(storeOf(runDirectory), { recursive: true, force: true });
  const engine = level === "isolated" ? "none" : undefined;
  const started = performance.now();
  const child = launchOf({ docker, runDirectory, min: 2, engine, signal });
  try {
    const origin = await deadline(addressOf(child), UP_WITHIN, "Starting the server");
    const listens = performance.now() - started;
    const client = new Client(origin, signal);
    while ((await client.get("/readyz")).status !== 200) await sleep(POLL, undefined, { signal });
    const ready = performance.now() - started;
    await client.execute({ ...uniqueRequest(), sandbox: level }, EXPECTED);
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
