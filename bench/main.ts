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
import { against } from "./rows/against.ts";
import { cold } from "./rows/cold.ts";
import { database } from "./rows/database.ts";
import { deadline } from "./rows/deadline.ts";
import { fairness } from "./rows/fairness.ts";
import { grants } from "./rows/grants.ts";
import { kernel } from "./rows/kernel.ts";
import { largeCode } from "./rows/large-code.ts";
import { memory } from "./rows/memory.ts";
import { PACKAGES, packages } from "./rows/packages.ts";
import { policy } from "./rows/policy.ts";
import { processor } from "./rows/processor.ts";
import { resourcex } from "./rows/resourcex.ts";
import { reuse } from "./rows/reuse.ts";
import { start } from "./rows/start.ts";
import { tenants } from "./rows/tenants.ts";
import { throughput } from "./rows/throughput.ts";
import { warm } from "./rows/warm.ts";
import { BenchServer } from "./server.ts";
import { type Row, renderTable } from "./table.ts";

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  warm,
  reuse,
  cold,
  throughput,
  processor,
  deadline,
  memory,
  kernel,
  policy,
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

const HELP = `Usage: npm run bench -- [--only NAMES] [--samples N] [--against FOLDER]

  --only NAMES   Measure these alone, separated by commas: ${Object.keys(MEASUREMENTS).join(", ")}
  --samples N    Warm executions, ${DEFAULT_SAMPLES} by default; other rows take a share of it
  --against FOLDER
                 Another checkout with its packages, whose server takes turns with this one's
  --help         Show this text

Needs a Docker Engine on this host. The database row needs the programs of PostgreSQL, too.
All of it takes about ten minutes.`;

const ROOT = fileURLToPath(new URL("..", import.meta.url));

interface Options {
  readonly names: readonly string[];
  readonly samples: number;
  /** Root of another checkout. */
  readonly checkout: string | undefined;
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      samples: { type: "string", default: String(DEFAULT_SAMPLES) },
      against: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const names = values.only?.split(",") ?? Object.keys(MEASUREMENTS);
  const unknown = names.find((name) => !Object.hasOwn(MEASUREMENTS, name));
  if (unknown !== undefined) throw new Error(`There is no measurement "${unknown}"; see --help`);
  const samples = Number(values.samples);
  if (!Number.isInteger(samples) || samples < 1) throw new Error("--samples takes a whole number");
  const checkout = values.against === undefined ? undefined : resolve(values.against);
  return { names, samples, checkout };
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
  const { names, samples, checkout } = options;
  const docker = dockerClient(engineSocket(process.env.DOCKER_HOST));
  console.log(await machine(docker));
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
    const context = { docker, server, against, database, plain, scratch, samples, signal };
    console.log(`\n${renderTable(await measure(names, context))}`);
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
  await registry.publishInstalled(ROOT, PACKAGES);
  return registry.url;
}

async function measure(names: readonly string[], context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of names) {
    const started = performance.now();
    rows.push(...((await MEASUREMENTS[name]?.(context)) ?? []));
    console.error(`${name}: ${((performance.now() - started) / 1_000).toFixed(1)} s`);
  }
  return rows;
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
