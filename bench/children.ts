import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/**
 * Ends a child process and waits for its exit. Sends SIGKILL if `signal` does not end it in time.
 */
export async function endChild(
  child: ChildProcess,
  signal: "SIGTERM" | "SIGKILL",
  patience: number,
): Promise<void> {
  // Without a pid it never started, so it will never exit.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  const force = setTimeout(() => child.kill("SIGKILL"), patience);
  await exited;
  clearTimeout(force);
}

/** Keeps the end of a child's standard error, for the report of a failure. */
export function lastWords(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text = `${text}${chunk}`.slice(-4_000);
  });
  return () => text;
}
