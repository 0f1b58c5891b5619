import type { ExecutionQuery } from "../../src/client/types.ts";
import { timeOf } from "../code/durations.ts";
import { numberOf } from "../code/request-flags.ts";
import { logLine } from "../code/show-answer.ts";
import { defineCommand, loaded } from "../command/define.ts";
import { clientFor, SERVER_FLAGS } from "../profile/server.ts";
import { paintFor } from "../terminal/paint.ts";
import { print, printJson, printTable } from "../terminal/print.ts";

const ID = { type: "positional", description: "Id of the execution", required: true } as const;

const list = defineCommand({
  meta: {
    name: "list",
    description: "Lists executions, the newest first",
    examples: ["isolate executions --function greet --outcome exception --since 1h"],
  },
  args: {
    function: { type: "string", description: "Of one function", valueHint: "name" },
    outcome: { type: "string", description: "With one outcome", valueHint: "ok|exception|…" },
    since: { type: "string", description: "Start, as 10m or in ISO 8601", valueHint: "time" },
    limit: { type: "string", description: "Most of them", valueHint: "number", default: "50" },
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    const { since, outcome, function: name } = args;
    // The server checks the outcome, and names those that there are.
    const query: ExecutionQuery = {
      limit: numberOf("limit", args.limit),
      ...(name !== undefined && { function: name }),
      ...(outcome !== undefined && { outcome: outcome as NonNullable<ExecutionQuery["outcome"]> }),
      ...(since !== undefined && { since: timeOf("since", since) }),
    };
    const page = await client.executions(query);
    if (args.json) return printJson(page);
    const rows = page.executions.map((each) => [
      each.id,
      each.startedAt,
      each.via,
      each.function,
      each.outcome,
      each.duration,
    ]);
    printTable(["ID", "STARTED", "VIA", "FUNCTION", "OUTCOME", "MS"], rows, "There are none");
  },
});

const show = defineCommand({
  meta: { name: "show", description: "Shows an execution" },
  args: { id: ID, ...SERVER_FLAGS },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    printJson(await client.execution(args.id));
  },
});

const logs = defineCommand({
  meta: { name: "logs", description: "Shows what an execution has logged" },
  args: { id: ID, ...SERVER_FLAGS },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    const found = await client.executionLogs(args.id);
    if (args.json) return printJson(found);
    const paint = paintFor(process.stdout, context.env);
    for (const entry of found.logs) print(logLine(entry, paint));
  },
});

/** `isolate executions`: lists them, unless one of its commands is named. */
export const executions = defineCommand({
  meta: {
    name: "executions",
    description: "Lists and shows what was run, and its logs",
    examples: ["isolate executions --outcome timeout", "isolate executions show <id>"],
  },
  subCommands: loaded([list, show, logs]),
  default: "list",
});
