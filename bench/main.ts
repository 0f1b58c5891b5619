/** `npm run bench`: measures a real server, and the same machine without it. */
import { setMaxListeners } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type Docker from "dockerode";
import { TestRegistry } from "../dev/npm-registry/server.ts";
import { Postgres } from "../dev/postgres.ts";
import { DENO_VERSION } from "../src/deno/deno.ts";
import { dockerClient, engineSocket } from "../src/engines/container/docker.ts";
import { PlainContainers } from "./containers.ts";
import { type Context, DEFAULT_SAMPLES, type Measurement } from "./context.ts";
import { Peers } from "./peers/open.ts";
import { commitOf, loadNow, type Measured, writeReport } from "./report.ts";
import { against } from "./rows/against.ts";
import { badInput } from "./rows/bad-input.ts";
import { cold } from "./rows/cold.ts";
import { database } from "./rows/database.ts";
import { deadline } from "./rows/deadline.ts";
import { fairness } from "./rows/fairness.ts";
import { grants } from "./rows/grants.ts";
import { hot } from "./rows/hot.ts";
import { kernel } from "./rows/kernel.ts";
import { largeCode } from "./rows/large-code.ts";
import { memory } from "./rows/memory.ts";
import { oneShot } from "./rows/one-shot.ts";
import { PACKAGES, packages } from "./rows/packages.ts";
import { peers } from "./rows/peers.ts";
import { policy } from "./rows/policy.ts";
import { processor } from "./rows/processor.ts";
import { refill } from "./rows/refill.ts";
import { resourcex } from "./rows/resourcex.ts";
import { reuse } from "./rows/reuse.ts";
import { start } from "./rows/start.ts";
import { tenantReuse } from "./rows/tenant-reuse.ts";
import { tenants } from "./rows/tenants.ts";
import { warm } from "./rows/warm.ts";
import { BenchServer } from "./server.ts";
import { type Row, renderTable } from "./table.ts";

/** Measurements of each run: what an execution takes and a machine sustains. */
const USUAL: Readonly<Record<string, Measurement>> = {
  warm,
  refill,
  "one-shot": oneShot,
  "tenant-reuse": tenantReuse,
  hot,
  processor,
  peers,
  "bad-input": badInput,
  reuse,
  cold,
  policy,
  memory,
  deadline,
};

/** Measurements of single parts, which are not part of a usual run. */
const FURTHER: Readonly<Record<string, Measurement>> = {
  kernel,
  grants,
  database,
  resourcex,
  fairness,
  tenants,
  "large-code": largeCode,
  packages,
  start,
  against,
};

const MEASUREMENTS = { ...USUAL, ...FURTHER };

const HELP = `Usage: npm run bench -- [--only NAMES] [--all] [--samples N] [--json FILE] [--against FOLDER]

  --only NAMES   Measure these alone, separated by commas: ${Object.keys(USUAL).join(", ")};
                 ${Object.keys(FURTHER).join(", ")}
  --all          Measure those after the semicolon, too
  --samples N    Samples of a row, ${DEFAULT_SAMPLES} by default; rows take a share of it or a multiple
  --json FILE    Write the samples and what they were judged by
  --against FOLDER
                 Another checkout with its packages, whose server takes turns with this one's
  --help         Show this text

Needs a Docker Engine on this host. The database row needs the programs of PostgreSQL, too.
Runners of code that it compares with are the packages of bench/peers. A missing one is named below
the table. All takes about twenty minutes, and ten without --all.`;

const ROOT = fileURLToPath(new URL("..", import.meta.url));

interface Options {
  readonly names: readonly string[];
  readonly samples: number;
  /** File for all samples. */
  readonly json: string | undefined;
  /** Root of another checkout. */
  readonly checkout: string | undefined;
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      all: { type: "boolean", default: false },
      json: { type: "string" },
      samples: { type: "string", default: String(DEFAULT_SAMPLES) },
      against: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const usual = Object.keys(values.all ? MEASUREMENTS : USUAL);
  const names = values.only?.split(",") ?? usual;
  const unknown = names.find((name) => !Object.hasOwn(MEASUREMENTS, name));
  if (unknown !== undefined) throw new Error(`There is no measurement "${unknown}"; see --help`);
  const samples = Number(values.samples);
  if (!Number.isInteger(samples) || samples < 1) throw new Error("--samples takes a whole number");
  const checkout = values.against === undefined ? undefined : resolve(values.against);
  return { names, samples, checkout, json: values.json };
}

async function machine(docker: Docker): Promise<string> {
  const { Version } = await docker.version();
  const load = loadavg()[0]?.toFixed(2);
  return [
    `${availableParallelism()} cores (${cpus()[0]?.model.trim()}, load ${load})`,
    `Node.js ${process.versions.node}`,
    `Docker Engine ${Version}`,
    `Deno ${DENO_VERSION}`,
  ].join(", ");
}

async function bench(options: Options, signal: AbortSignal): Promise<void> {
  const { names, samples, checkout, json } = options;
  const docker = dockerClient(engineSocket(process.env.DOCKER_HOST));
  const about = {
    machine: await machine(docker),
    commit: commitOf(ROOT),
    date: new Date().toISOString(),
  };
  console.log(`${about.machine}\n${about.commit}, ${about.date}`);
  const closers: (() => Promise<void>)[] = [];
  try {
    const scratch = await mkdtemp(join(tmpdir(), "isolate-bench-"));
    closers.push(() => rm(scratch, { recursive: true, force: true }));
    const database = names.includes("database") ? await Postgres.start() : undefined;
    closers.push(async () => database?.stop());
    const databaseUrl = database?.url();
    const npmRegistry = names.includes("packages") ? await openRegistry(closers) : undefined;
    const runDirectory = join(scratch, "server");
    const server = await BenchServer.start({
      docker,
      runDirectory,
      databaseUrl,
      npmRegistry,
      min: 2,
      signal,
    });
    closers.push(() => server.stop());
    const against =
      checkout === undefined
        ? undefined
        : await BenchServer.start({
            docker,
            runDirectory: join(scratch, "against"),
            min: 2,
            checkout,
            signal,
          });
    closers.push(async () => against?.stop());
    const plain = await PlainContainers.open(docker, server.image, join(scratch, "plain"));
    closers.push(() => plain.close());
    const peers = new Peers(scratch, signal);
    closers.push(() => peers.stop());
    const context = { docker, server, against, database, plain, peers, scratch, samples, signal };
    const measured: Measured[] = [];
    try {
      await measure(names, context, measured);
    } finally {
      // Rows of an hour are not lost to the failure of the last one.
      console.log(`\n${renderTable(measured.flatMap(({ rows }) => rows))}`);
      for (const [name, reason] of peers.missing) console.log(`Without ${name}: ${reason}`);
      const missing = Object.fromEntries(peers.missing);
      if (json !== undefined) await writeReport(json, { ...about, missing }, measured);
    }
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** Returns the registry that ISOLATE_NPM_REGISTRY names, or one of the packages that are installed here. */
async function openRegistry(closers: (() => Promise<void>)[]): Promise<string> {
  const { ISOLATE_NPM_REGISTRY } = process.env;
  if (ISOLATE_NPM_REGISTRY) return ISOLATE_NPM_REGISTRY;
  const registry = await TestRegistry.start();
  closers.push(() => registry.stop());
  registry.publishInstalled(ROOT, PACKAGES);
  return registry.url;
}

async function measure(
  names: readonly string[],
  context: Context,
  into: Measured[],
): Promise<void> {
  for (const name of names) {
    const load = loadNow();
    const started = performance.now();
    let rows: readonly Row[] = [];
    try {
      rows = (await MEASUREMENTS[name]?.(context)) ?? [];
    } catch (error) {
      if (context.signal.aborted) throw error;
      // Others are measured nevertheless.
      console.error(`${name} failed:`, error);
      process.exitCode = 1;
    }
    const seconds = (performance.now() - started) / 1_000;
    into.push({ name, rows, seconds, load });
    console.error(`${name}: ${seconds.toFixed(1)} s, load ${load.toFixed(2)} before`);
  }
}

/**
 * Makes a signal that aborts on the usual ways to end a program, so that all children end first.
 */
function interruption(): AbortSignal {
  const controller = new AbortController();
  // Each running request adds a listener.
  setMaxListeners(0, controller.signal);
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => controller.abort(new Error(`Ended by ${name}`)));
  }
  return controller.signal;
}

const interrupted = interruption();
try {
  const options = readOptions();
  if (options === undefined) console.log(HELP);
  else await bench(options, interrupted);
} catch (thrown) {
  // After an interruption, its reason says more than the errors it causes.
  const error: unknown = interrupted.aborted ? interrupted.reason : thrown;
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
