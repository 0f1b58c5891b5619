import type { Schedule } from "../../src/client/types.ts";
import { pagesOf } from "../code/pages.ts";
import { readInput } from "../code/read-input.ts";
import { oneOf } from "../code/request-flags.ts";
import { defineCommand, loaded } from "../command/define.ts";
import { clientFor, SERVER_FLAGS } from "../profile/server.ts";
import { note, print, printJson, printTable } from "../terminal/print.ts";

const FUNCTION = {
  type: "positional",
  description: "Name of the function",
  required: true,
} as const;
const ID = { type: "positional", description: "Id of the schedule", required: true } as const;

const list = defineCommand({
  meta: { name: "list", description: "Lists the schedules of a function" },
  args: { function: FUNCTION, ...SERVER_FLAGS },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    const schedules: Schedule[] = [];
    const ask = (after: object) => client.schedules.list(args.function, { ...after, limit: 100 });
    for await (const page of pagesOf(ask)) schedules.push(...page.schedules);
    if (args.json) return printJson({ schedules });
    const rows = schedules.map((each) => [
      each.id,
      each.cron,
      each.timezone,
      each.paused ? "paused" : each.next[0],
    ]);
    printTable(["ID", "CRON", "TIMEZONE", "NEXT"], rows, "There are no schedules");
  },
});

const put = defineCommand({
  meta: {
    name: "put",
    description: "Has a function called at certain times",
    examples: ["isolate schedules put report nightly '0 3 * * *' --timezone Europe/Berlin"],
  },
  args: {
    function: FUNCTION,
    id: ID,
    cron: { type: "positional", description: "Five fields of cron, or @hourly", required: true },
    timezone: { type: "string", description: "Name of IANA", valueHint: "zone" },
    input: { type: "string", description: "What it is called with", valueHint: "JSON|@file|-" },
    overlap: { type: "string", description: "While the last one runs", valueHint: "skip|queue" },
    paused: { type: "boolean", description: "Lets the times pass" },
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    const { cron, timezone, overlap, paused } = args;
    const schedule = await client.schedules.put(args.function, args.id, {
      cron,
      paused,
      ...(await readInput(args.input)),
      ...(timezone !== undefined && { timezone }),
      ...(overlap !== undefined && { overlap: oneOf("overlap", overlap, ["skip", "queue"]) }),
    });
    if (args.json) printJson(schedule);
    else print(`${schedule.id}: next ${schedule.next.join(", ") || "never, it is paused"}`);
  },
});

const runs = defineCommand({
  meta: { name: "runs", description: "Shows the last due times, and what became of them" },
  args: { function: FUNCTION, id: ID, ...SERVER_FLAGS },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    const found = await client.schedules.runs(args.function, args.id);
    if (args.json) return printJson({ runs: found });
    const rows = found.map((each) => [each.dueAt, each.outcome, each.code, each.execution]);
    printTable(["DUE", "OUTCOME", "CODE", "EXECUTION"], rows, "None was due yet");
  },
});

const remove = defineCommand({
  meta: { name: "delete", description: "Deletes a schedule" },
  args: { function: FUNCTION, id: ID, ...SERVER_FLAGS },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    await client.schedules.delete(args.function, args.id);
    if (args.json) printJson({ deleted: args.id });
    else note(`${args.id} is deleted`);
  },
});

/** `isolate schedules`: times at which functions are called. */
export const schedules = defineCommand({
  meta: {
    name: "schedules",
    description: "Lists, makes and deletes schedules of a function",
    examples: ["isolate schedules list report", "isolate schedules runs report nightly"],
  },
  subCommands: loaded([list, put, runs, remove]),
});
