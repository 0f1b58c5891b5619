import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngineUnavailable } from "../../base/errors.ts";

/** Most bytes of a unix socket's path, the end mark not included. */
const MAX_SOCKET_PATH = 107;
/** Longest path below the run directory: an instance, a slot, and the longest name of a socket. */
const DEEPEST = join("x".repeat(8), "x".repeat(12), "database.sock");

/**
 * Checks that the paths of sockets in a run directory are short enough for the kernel.
 *
 * @throws {EngineUnavailable} if they are not.
 */
export function assertSocketPaths(runDirectory: string): void {
  const excess = Buffer.byteLength(join(runDirectory, DEEPEST)) - MAX_SOCKET_PATH;
  if (excess <= 0) return;
  throw new EngineUnavailable(
    `The run directory ${runDirectory} is ${excess} bytes too long for sockets: name a shorter one by ISOLATE_RUN_DIR`,
  );
}

/** Returns the default directory of control sockets, which other users cannot list. */
export function defaultRunDirectory(env: NodeJS.ProcessEnv): string {
  if (process.getuid?.() === 0) return "/run/isolate";
  return join(env.XDG_RUNTIME_DIR ?? tmpdir(), "isolate");
}
