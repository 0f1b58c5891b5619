import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { UsageError } from "../command/errors.ts";
import { note } from "../terminal/print.ts";

/**
 * Reads what other users would see on a command line. It is a line that a terminal does not show, or all of
 * standard input without its last line end.
 */
export async function readHidden(what: string, signal: AbortSignal): Promise<string> {
  const value = process.stdin.isTTY ? await hiddenLine(what, signal) : await text(process.stdin);
  const trimmed = value.replace(/\r?\n$/, "");
  if (trimmed === "") throw new UsageError(`${what} is empty: give it by standard input`);
  return trimmed;
}

async function hiddenLine(what: string, signal: AbortSignal): Promise<string> {
  process.stderr.write(`${what}: `);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  // The terminal is in raw mode, so Ctrl-C is a key here.
  lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    return await lines.question("", { signal });
  } finally {
    lines.close();
    note("");
  }
}
