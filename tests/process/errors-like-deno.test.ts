/** Tests that exceptions tell the same as plain Deno, which throws the same in the same module. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createIsolate, type Isolate } from "../../src/isolate.ts";
import type { LogEntry } from "../../src/request/types.ts";
import { THROWING, THROWN } from "../contract/error-cases.ts";

const run = promisify(execFile);
const deno = new URL("../../node_modules/.bin/deno", import.meta.url).pathname;

/** Describes what each case throws: the words of errors with their causes, and other values as text. */
const TELL = `
import { cases } from "./cases.js";
const wordsOf = (thrown, seen = new Set()) => {
  if (seen.has(thrown)) return ["Exception", "[Circular]"];
  seen.add(thrown);
  if (typeof thrown === "string") return ["Exception", thrown];
  if (!(thrown instanceof Error)) return ["Exception", Deno.inspect(thrown)];
  const { name, message, cause, errors } = thrown;
  const inner = thrown instanceof AggregateError ? errors.map((error) => wordsOf(error, seen)) : [];
  return [name, message, cause === undefined ? null : wordsOf(cause, seen), inner];
};
const told = {};
for (const [name, throws] of Object.entries(cases)) {
  try { await throws(); } catch (thrown) { told[name] = wordsOf(thrown); }
}
console.log(JSON.stringify(told));
`;

let directory: string;
let isolate: Isolate;
let told: Record<string, unknown>;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  await writeFile(join(directory, "cases.js"), THROWING);
  await writeFile(join(directory, "tell.js"), TELL);
  isolate = await createIsolate({
    runDirectory: directory,
    config: { cluster: { min: 1 } },
  });
  const { stdout } = await run(deno, ["run", "--no-config", join(directory, "tell.js")]);
  told = JSON.parse(stdout);
});
afterAll(async () => {
  await isolate.close();
  await rm(directory, { recursive: true });
});

type Words = Pick<LogEntry, "message" | "stack"> &
  Partial<Pick<LogEntry, "name" | "cause" | "errors">>;

function wordsOf({ name, message, stack, cause, errors = [] }: Words): unknown {
  if (stack === undefined && name === "Exception") return [name, message];
  return [name, message, cause === undefined ? null : wordsOf(cause), errors.map(wordsOf)];
}

it.each(Object.keys(THROWN))("an exception tells of %s what plain Deno does", async (name) => {
  const { logs } = await isolate.execute({ code: THROWING, input: name, reuse: "code" });
  expect(wordsOf(logs?.at(-1) ?? { message: "none" })).toEqual(told[name]);
});
