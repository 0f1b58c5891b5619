import type { AnyJobQuery, Job } from "../../src/client/types.ts";
import { numberOf } from "../code/request-flags.ts";
import { defineCommand, loaded } from "../command/define.ts";
import { clientFor, SERVER_FLAGS } from "../profile/server.ts";
import { note, printJson, printTable } from "../terminal/print.ts";

const ID = { type: "positional", description: "Id of the job", required: true } as const;

const show = defineCommand({
  meta: { name: "show", description: "Shows a job, with its answer once it has one" },
  args: { id: ID, ...SERVER_FLAGS },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    printJson(await client.jobs.get(args.id));
  },
});

const wait = defineCommand({
  meta: {
    name: "wait",
    description: "Waits until a job is over, and shows it",
    examples: ["isolate jobs wait <id>"],
  },
  args: { id: ID, ...SERVER_FLAGS },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    const job: Job = await client.jobs.wait(args.id, { signal: context.signal });
    printJson(job);
  },
});

const cancel = defineCommand({
  meta: { name: "cancel", description: "Cancels a job, and ends it if it runs" },
  args: { id: ID, ...SERVER_FLAGS },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    await client.jobs.cancel(args.id);
    if (args.json) printJson({ cancelled: args.id });
    else note(`${args.id} is cancelled`);
  },
});

const list = defineCommand({
  meta: {
    name: "list",
    description: "Lists jobs of all tenants, the newest first, by the operator's key",
    examples: ["isolate jobs list --tenant acme --status pending"],
  },
  args: {
    tenant: { type: "string", description: "Of one tenant", valueHint: "id" },
    status: { type: "string", description: "With one status", valueHint: "pending|running|…" },
    limit: { type: "string", description: "Most of them", valueHint: "number", default: "50" },
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const { admin } = await clientFor(args, context);
    const { tenant, status } = args;
    // The server checks the status, and names those that there are.
    const query: AnyJobQuery = {
      limit: numberOf("limit", args.limit),
      ...(tenant !== undefined && { tenant }),
      ...(status !== undefined && { status: status as NonNullable<AnyJobQuery["status"]> }),
    };
    const page = await admin.jobs(query);
    if (args.json) return printJson(page);
    const rows = page.jobs.map((each) => [
      each.id,
      each.tenant,
      each.function,
      each.status,
      each.attempts,
      each.acceptedAt,
    ]);
    printTable(["ID", "TENANT", "FUNCTION", "STATUS", "ATTEMPTS", "ACCEPTED"], rows, "None");
  },
});

/** `isolate jobs`: executions that are answered later. */
export const jobs = defineCommand({
  meta: {
    name: "jobs",
    description: "Shows, awaits, cancels and lists jobs",
    examples: ["isolate jobs show <id>", "isolate jobs cancel <id>"],
  },
  subCommands: loaded([show, wait, cancel, list]),
});
