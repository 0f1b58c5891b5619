import { createRequire } from "node:module";
import { EngineUnavailable } from "../base/errors.ts";
import { IMPORT_MAP } from "./runner.ts";

const require = createRequire(import.meta.url);

/** Version of Deno in every sandbox, fixed by the `deno` package's entry in package.json. */
export const DENO_VERSION: string = require("deno/package.json").version;

/** Where npm has put the Deno binary of this platform. Throws `EngineUnavailable` if it has not. */
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

/** Runs a bundled program: nothing is looked up, fetched or asked for beside it. */
export const RUN_ALONE: readonly string[] = [
  "run",
  "--quiet",
  "--no-prompt",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
];

/** The most that any job of a sandbox can be granted; a Worker gets a part of it, or nothing. */
export interface Reach {
  /** Names of variables, or `any`: no tenant's are known when a sandbox is started. */
  readonly env: readonly string[] | "any";
  readonly net: boolean;
  /** Absolute paths. */
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly sys: boolean;
}

export const NO_REACH: Reach = { env: [], net: false, read: [], write: [], sys: false };

/**
 * The command line, behind the binary's name, that starts a sandbox's host process. It dials its
 * sockets, loads nothing that is not in `runnerDirectory`, and asks nobody anything. A Worker can be
 * given only what its process holds, so that holds what jobs may be granted here at most.
 */
export function hostArguments(options: {
  runnerDirectory: string;
  /** Paths of the sockets it dials, the control socket first. */
  sockets: readonly string[];
  heapMegabytes: number;
  reach: Reach;
}): string[] {
  const { runnerDirectory, sockets, heapMegabytes, reach } = options;
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
    controlSocket,
  ];
}

function allowEnv(names: Reach["env"]): string[] {
  if (names === "any") return ["--allow-env"];
  return names.length > 0 ? [`--allow-env=${names.join(",")}`] : [];
}

/**
 * Environment of the host process: no update check, nothing of ours, and a directory for caches
 * that cannot exist. The web's Cache API asks for no permission and would keep there what one
 * execution leaves for the next.
 */
export const HOST_ENVIRONMENT: Readonly<Record<string, string>> = {
  DENO_EMIT_CACHE_MODE: "disable",
  DENO_NO_UPDATE_CHECK: "1",
  DENO_DIR: "/dev/null/deno",
  NO_COLOR: "1",
};

/** Megabytes a Deno process uses beside its JavaScript heap. */
const RUNTIME_MEGABYTES = 96;

/** The heap limit that makes V8 give up shortly before the sandbox's own memory limit does. */
export function heapMegabytes(memory: number): number {
  return Math.max(32, memory - RUNTIME_MEGABYTES);
}
