import { createRequire } from "node:module";
import { EngineUnavailable } from "../base/errors.ts";
import { IMPORT_MAP } from "./runner.ts";

const require = createRequire(import.meta.url);

/** Version of Deno in every sandbox, fixed by the `deno` package's entry in package.json. */
export const DENO_VERSION: string = require("deno/package.json").version;

/**
 * Finds the Deno binary that npm installed for this platform.
 *
 * @throws {EngineUnavailable} If it is not installed.
 */
export function denoBinary(): string {
  const libc = process.platform === "linux" ? "-glibc" : "";
  const file = process.platform === "win32" ? "deno.exe" : "deno";
  const name = `@deno/${process.platform}-${process.arch}${libc}/${file}`;
  try {
    return require.resolve(name, { paths: [require.resolve("deno/package.json")] });
  } catch (cause) {
    const message = `The Deno binary ${name} is not installed; run "npm ci"`;
    throw new EngineUnavailable(message, { cause });
  }
}

/** Arguments that run a bundled program alone: Deno looks up, fetches and asks for nothing else. */
export const RUN_ALONE: readonly string[] = [
  "run",
  "--quiet",
  "--no-prompt",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
];

/** Most that any job of a sandbox can be granted. A Worker gets a part of it, or nothing. */
export interface Reach {
  /** Names of variables, or `any`, because no tenant's names are known when a sandbox starts. */
  readonly env: readonly string[] | "any";
  readonly net: boolean;
  /** Absolute paths. */
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly sys: boolean;
}

export const NO_REACH: Reach = { env: [], net: false, read: [], write: [], sys: false };

/**
 * Builds the arguments that start a sandbox's host process. It dials its sockets, loads only
 * modules in `runnerDirectory`, and never prompts. A Worker can get only permissions that its
 * process has. So the process holds the most that any job here may be granted.
 */
export function hostArguments(options: {
  runnerDirectory: string;
  /** Paths of the sockets it dials, the control socket first. */
  sockets: readonly string[];
  heapMegabytes: number;
  reach: Reach;
  /** True to be ready soon, without jobs of its own before the first real one. Default false. */
  hurried?: boolean;
  /** Directory of the sandbox's own, which it may empty. Default: none. */
  scratch?: string;
}): string[] {
  const { runnerDirectory, sockets, heapMegabytes, reach, hurried = false, scratch } = options;
  const variables = reach.env === "any" ? [] : reach.env;
  const [controlSocket = ""] = sockets;
  return [
    ...RUN_ALONE,
    "--deny-import",
    `--import-map=${runnerDirectory}/${IMPORT_MAP}`,
    "--unstable-worker-options",
    `--v8-flags=--max-old-space-size=${heapMegabytes}`,
    `--allow-read=${[runnerDirectory, ...sockets, ...reach.read].join(",")}`,
    `--allow-write=${[...sockets, ...reach.write].join(",")}`,
    reach.net ? "--allow-net" : `--allow-net=${sockets.map((path) => `unix:${path}`).join(",")}`,
    ...allowEnv(reach.env),
    ...(reach.sys ? ["--allow-sys"] : []),
    `${runnerDirectory}/host.js`,
    ...(hurried ? ["hurried"] : []),
    JSON.stringify({ variables, scratch }),
    // Last, where leftovers of a dead server are recognised by it.
    controlSocket,
  ];
}

function allowEnv(names: Reach["env"]): string[] {
  if (names === "any") return ["--allow-env"];
  return names.length > 0 ? [`--allow-env=${names.join(",")}`] : [];
}

/**
 * Environment of the host process: no update check, no variable of ours, and an impossible
 * directory for caches. The web's Cache API asks for no permission, so it would keep data of one
 * execution for the next.
 */
export const HOST_ENVIRONMENT: Readonly<Record<string, string>> = {
  DENO_EMIT_CACHE_MODE: "disable",
  DENO_NO_UPDATE_CHECK: "1",
  DENO_DIR: "/dev/null/deno",
  NO_COLOR: "1",
};

/** Megabytes that a Deno process uses beside its JavaScript heap. */
const RUNTIME_MEGABYTES = 96;

/**
 * Computes the heap limit at which V8 gives up shortly before the sandbox reaches its memory limit.
 */
export function heapMegabytes(memory: number): number {
  return Math.max(32, memory - RUNTIME_MEGABYTES);
}
