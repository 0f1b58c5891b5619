import type { FunctionInfo } from "../../src/client/types.ts";
import { pagesOf } from "../code/pages.ts";
import { readInput } from "../code/read-input.ts";
import { numberOf } from "../code/request-flags.ts";
import { showStream } from "../code/run-stream.ts";
import { defineCommand, loaded } from "../command/define.ts";
import { clientFor, SERVER_FLAGS } from "../profile/server.ts";
import { paintFor } from "../terminal/paint.ts";
import { note, print, printJson, printTable } from "../terminal/print.ts";

const NAME = { type: "positional", description: "Name of the function", required: true } as const;
const VERSION = { type: "positional", description: "Number of a version", required: true } as const;

const list = defineCommand({
  meta: { name: "list", description: "Lists all functions" },
  args: SERVER_FLAGS,
  async run({ args, context }) {
    const client = await clientFor(args, context);
    const functions: FunctionInfo[] = [];
    for await (const page of pagesOf((after) => client.functions.list({ ...after, limit: 100 }))) {
      functions.push(...page.functions);
    }
    if (args.json) return printJson({ functions });
    const rows = functions.map((each) => [
      each.name,
      each.kind,
      each.current,
      each.latest,
      each.updatedAt,
    ]);
    printTable(["NAME", "KIND", "CURRENT", "LATEST", "UPDATED"], rows, "There are no functions");
  },
});

const show = defineCommand({
  meta: { name: "show", description: "Shows a function and its versions" },
  args: {
    name: NAME,
    version: { type: "string", description: "One version, with its files", valueHint: "number" },
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const { functions } = await clientFor(args, context);
    if (args.version !== undefined) {
      const found = await functions.version(args.name, numberOf("version", args.version));
      return printJson(found);
    }
    const [found, versions] = await Promise.all([
      functions.get(args.name),
      functions.versions(args.name),
    ]);
    if (args.json) return printJson({ ...found, versions });
    print(`${found.name} (${found.kind}) is called in version ${found.current}`);
    const rows = versions.map((each) => [each.version, each.main, each.public, each.createdAt]);
    printTable(["VERSION", "MAIN", "PUBLIC", "CREATED"], rows, "There are no versions");
  },
});

const invoke = defineCommand({
  meta: {
    name: "invoke",
    description: "Calls a function, and shows its logs and its result as run does",
    examples: [`isolate functions invoke greet --input '{"name": "Ada"}'`],
  },
  args: {
    name: NAME,
    input: { type: "string", description: "What it is called with", valueHint: "JSON|@file|-" },
    version: { type: "string", description: "Version to call", valueHint: "number" },
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const { functions } = await clientFor(args, context);
    const version =
      args.version === undefined ? {} : { version: numberOf("version", args.version) };
    const call = { ...(await readInput(args.input)), ...version };
    const events = functions.stream(args.name, call, { signal: context.signal });
    const paint = paintFor(process.stderr, context.env);
    const { ok } = await showStream(events, { json: args.json, paint });
    if (!ok) process.exitCode = 1;
  },
});

const rollback = defineCommand({
  meta: { name: "rollback", description: "Has an earlier version called" },
  args: { name: NAME, version: VERSION, ...SERVER_FLAGS },
  async run({ args, context }) {
    const { functions } = await clientFor(args, context);
    const found = await functions.rollback(args.name, numberOf("version", args.version));
    if (args.json) printJson(found);
    else print(`${found.name} is called in version ${found.current}`);
  },
});

const remove = defineCommand({
  meta: { name: "delete", description: "Deletes a function with all its versions" },
  args: { name: NAME, ...SERVER_FLAGS },
  async run({ args, context }) {
    const { functions } = await clientFor(args, context);
    await functions.delete(args.name);
    if (args.json) printJson({ deleted: args.name });
    else note(`${args.name} is deleted`);
  },
});

/** `isolate functions`: lists them, unless one of its commands is named. */
export const functions = defineCommand({
  meta: {
    name: "functions",
    description: "Lists, shows, calls, rolls back and deletes functions",
    examples: ["isolate functions", "isolate functions rollback greet 1"],
  },
  subCommands: loaded([list, show, invoke, rollback, remove]),
  default: "list",
});
