import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where control sockets live unless somebody says otherwise: a place other users cannot enter. */
export function defaultRunDirectory(env: NodeJS.ProcessEnv): string {
  if (process.getuid?.() === 0) return "/run/isolate";
  return join(env.XDG_RUNTIME_DIR ?? tmpdir(), "isolate");
}
