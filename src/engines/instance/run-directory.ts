import { tmpdir } from "node:os";
import { join } from "node:path";

/** Returns the default directory of control sockets, which other users cannot list. */
export function defaultRunDirectory(env: NodeJS.ProcessEnv): string {
  if (process.getuid?.() === 0) return "/run/isolate";
  return join(env.XDG_RUNTIME_DIR ?? tmpdir(), "isolate");
}
