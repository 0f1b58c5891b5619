import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../src/base/errors.ts";
import { DENO_VERSION, denoBinary } from "../src/deno/deno.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import { compareVersions } from "./version.ts";

const OLDEST_NODE = "20.19.0";
const DENO_WITHIN = 10_000;
/** Most bytes of a unix socket's path, the end mark not included. */
const MAX_SOCKET_PATH = 107;
/** Longest path below the run directory: an instance, a slot, and the longest name of a socket. */
const DEEPEST = join("x".repeat(8), "x".repeat(12), "database.sock");

/** Checks the versions of Node (for the control plane) and of Deno (for sandboxes). */
export async function* checkPrograms(): AsyncGenerator<Finding> {
  const { node } = process.versions;
  if (compareVersions(node, OLDEST_NODE) >= 0) yield ok("node", `Node ${node}`);
  else yield fail("node", `Node ${node} is too old`, `Update it to ${OLDEST_NODE} or newer`);
  if (process.platform !== "linux") {
    const advice = "Run it on Linux, or by compose.yaml in a Linux virtual machine";
    yield warn("platform", `${process.platform} has no control groups of its own`, advice);
  }
  yield await deno();
}

async function deno(): Promise<Finding> {
  try {
    const run = promisify(execFile);
    const { stdout } = await run(denoBinary(), ["--version"], { timeout: DENO_WITHIN });
    if (stdout.startsWith(`deno ${DENO_VERSION} `)) return ok("deno", `Deno ${DENO_VERSION} runs`);
    return fail("deno", `Deno ${DENO_VERSION} was expected`, 'Run "npm ci"');
  } catch (error) {
    return fail("deno", `Deno does not run: ${messageOf(error)}`, 'Run "npm ci" on glibc');
  }
}

/** Checks that the paths of sockets in a run directory are short enough for the kernel. */
export function checkSocketPaths(runDirectory: string): Finding[] {
  const length = Buffer.byteLength(join(runDirectory, DEEPEST));
  if (length <= MAX_SOCKET_PATH) return [];
  const excess = length - MAX_SOCKET_PATH;
  const advice = "Name a shorter one by ISOLATE_RUN_DIR";
  return [fail("run directory", `${runDirectory} is ${excess} bytes too long for sockets`, advice)];
}
