import type { Session } from "../../src/client/types.ts";
import { millisecondsOf } from "../code/durations.ts";
import { readInput, readText } from "../code/read-input.ts";
import { REQUEST_FLAGS, requestOf } from "../code/request-flags.ts";
import { showWhole } from "../code/run-stream.ts";
import { defineCommand, loaded } from "../command/define.ts";
import { clientFor, SERVER_FLAGS } from "../profile/server.ts";
import { paintFor } from "../terminal/paint.ts";
import { note, print, printJson, printTable } from "../terminal/print.ts";
import { visible } from "../terminal/visible.ts";

const ID = { type: "positional", description: "Id of the session", required: true } as const;
const { entry, timeout, reuse: _reuse, ...SESSION_FLAGS } = REQUEST_FLAGS;
const OF_EXECUTIONS = { entry: undefined, timeout: undefined, reuse: undefined } as const;

const list = defineCommand({
  meta: { name: "list", description: "Lists the sessions that live on the server which answers" },
  args: { ...SERVER_FLAGS },
  async run({ args, context }) {
    const { sessions } = await clientFor(args, context);
    const found = await sessions.list();
    if (args.json) return printJson({ sessions: found });
    const rows = found.map((each) => [
      each.id,
      each.level,
      each.running ? "running" : "idle",
      each.executions,
      each.expiresAt,
    ]);
    printTable(["ID", "LEVEL", "STATE", "EXECUTIONS", "EXPIRES"], rows, "There are no sessions");
  },
});

const start = defineCommand({
  meta: {
    name: "start",
    description: "Begins a session, and prints its id",
    examples: ["isolate sessions start --idle 5m --max 1h --net api.example.com"],
  },
  args: {
    idle: {
      type: "string",
      description: "Time without an execution, after which it ends",
      valueHint: "duration",
    },
    max: {
      type: "string",
      description: "Time after which it ends in any case",
      valueHint: "duration",
    },
    ...SESSION_FLAGS,
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    const session: Session = await client.sessions.create({
      ...requestOf({ ...args, ...OF_EXECUTIONS }),
      ...(args.idle !== undefined && { idle: millisecondsOf("idle", args.idle) }),
      ...(args.max !== undefined && { max: millisecondsOf("max", args.max) }),
    });
    if (args.json) printJson(session);
    else print(visible(session.id));
  },
});

const run = defineCommand({
  meta: {
    name: "run",
    description: "Runs a file in a session: logs on standard error, the result on standard output",
    examples: ["isolate sessions run <id> step.ts --input '[1, 2]'"],
  },
  args: {
    id: ID,
    module: {
      type: "positional",
      description: "Module to run; - for standard input",
      required: true,
    },
    input: {
      type: "string",
      description: "What the entry is called with",
      valueHint: "JSON|@file",
    },
    entry,
    timeout,
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const { signal, env } = context;
    const client = await clientFor(args, context);
    const request = {
      code: await readText(args.module),
      ...(await readInput(args.input)),
      ...(args.entry !== undefined && { entry: args.entry }),
      ...(args.timeout !== undefined && { timeout: millisecondsOf("timeout", args.timeout) }),
    };
    const answer = await client.sessions.execute(args.id, request, { signal });
    const paint = paintFor(process.stderr, env);
    showWhole(answer, { json: args.json, paint });
    const { ended } = answer.session;
    if (ended !== undefined && !args.json) note(paint("yellow", `the session has ended: ${ended}`));
    if (!answer.ok) process.exitCode = 1;
  },
});

const end = defineCommand({
  meta: { name: "end", description: "Ends a session, with what it may be running" },
  args: { id: ID, ...SERVER_FLAGS },
  async run({ args, context }) {
    const { sessions } = await clientFor(args, context);
    await sessions.end(args.id);
    if (args.json) printJson({ ended: args.id });
    else note(`${args.id} has ended`);
  },
});

/** `isolate sessions`: executions that share globals and files. */
export const sessions = defineCommand({
  meta: {
    name: "sessions",
    description: "Begins, lists and ends sessions, and runs files in them",
    examples: ["isolate sessions", "isolate sessions start --idle 5m"],
  },
  subCommands: loaded([list, start, run, end]),
  default: "list",
});
