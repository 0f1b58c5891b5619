/** Compares the text of the console in a sandbox with that of plain Deno. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { denoBinary } from "../../src/deno/deno.ts";
import { createIsolate, type Isolate } from "../../src/isolate.ts";
import type { LogEntry } from "../../src/request/types.ts";
import { CALLS } from "../contract/console-calls.ts";

/** Text between the output of two calls. */
const END = "\u0001";

let directory: string;
let isolate: Isolate;
let expected: readonly string[];
let found: readonly string[];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  isolate = await createIsolate({
    runDirectory: join(directory, "run"),
    config: { cluster: { min: 1 } },
  });
  const code = `export default function main() {
${CALLS.map((call) => `{ ${call} }\nconsole.log(${JSON.stringify(END)});`).join("\n")}
}`;
  await writeFile(join(directory, "main.js"), code);
  expected = (await plainDeno()).split(`${END}\n`).slice(0, -1).map(author);
  const { logs = [], outcome } = await isolate.execute({ code, sandbox: "isolated" });
  expect(outcome).toBe("ok");
  found = textOf(logs).split(`${END}\n`).slice(0, -1).map(author);
}, 60_000);
afterAll(async () => {
  await isolate.close();
  await rm(directory, { recursive: true });
});

async function plainDeno(): Promise<string> {
  const start = join(directory, "start.js");
  await writeFile(start, 'import main from "./main.js"; queueMicrotask(main);');
  const command = `NO_COLOR=1 exec "$0" run --no-config --no-check "$1" 2>&1`;
  const { stdout } = await promisify(execFile)("sh", ["-c", command, denoBinary(), start], {
    env: { ...process.env, DENO_NO_UPDATE_CHECK: "1", DENO_DIR: join(directory, "deno") },
  });
  return stdout;
}

const textOf = (logs: readonly LogEntry[]): string =>
  logs.map(({ message }) => `${message}\n`).join("");

/** Leaves out of stacks what differs: the folder, the places, and the frames of the caller. */
function author(text: string): string {
  return (
    text
      .replaceAll(`file://${directory}/`, "")
      // Written as JavaScript, because Deno prints TypeScript anew, and so changes functions' source.
      .replaceAll("main.js:", "main.ts:")
      .replaceAll(/\n *at (async )?(start\.js|ext:|.*\(start\.js)[^\n]*?(?=[\],{} ]*\n)/g, "")
      // Counts the frames of the caller, too.
      .replaceAll(/\n *\.\.\. \d+ lines matching cause stack trace \.\.\./g, "")
      .replaceAll(/main\.ts:\d+:\d+/g, "main.ts:L:C")
      .replaceAll(/\d+(\.\d+)?ms/g, "Nms")
  );
}

it.each(CALLS.map((call, index) => [call, index] as const))("%s", (_call, index) => {
  expect(found[index]).toBe(expected[index]);
});
