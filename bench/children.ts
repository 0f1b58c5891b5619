import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** Ends a child process and resolves once it is gone: by `signal` first, by force if it stays. */
export async function endChild(
  child: ChildProcess,
  signal: "SIGTERM" | "SIGKILL",
  patience: number,
): Promise<void> {
  // Without a pid it never started, and there will be no exit to wait for.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  const force = setTimeout(() => child.kill("SIGKILL"), patience);
  await exited;
  clearTimeout(force);
}

/** Keeps the last words of a child's standard error, for when it fails. */
export function lastWords(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text = `${text}${chunk}`.slice(-4_000);
  });
  return () => text;
}
