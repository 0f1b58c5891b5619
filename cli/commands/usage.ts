import { oneOf } from "../code/request-flags.ts";
import { defineCommand } from "../command/define.ts";
import { clientFor, SERVER_FLAGS } from "../profile/server.ts";
import { columns } from "../terminal/columns.ts";
import { print, printJson, printTable } from "../terminal/print.ts";

/** `isolate usage`: what the key's tenant has used, or all tenants with --all. */
export const usage = defineCommand({
  meta: {
    name: "usage",
    description: "Shows what has been used in the last 30 days, beside the limits",
    examples: [
      "isolate usage",
      "isolate usage --by function --from 2026-01-01",
      "isolate usage --all",
    ],
  },
  args: {
    by: { type: "string", description: "Rows", valueHint: "day|function|tenant" },
    from: { type: "string", description: "First day", valueHint: "2026-01-02" },
    to: { type: "string", description: "Last day", valueHint: "2026-01-31" },
    all: { type: "boolean", description: "All tenants; needs the operator's key" },
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    const { from, to, all, by } = args;
    const days = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
    const found = all
      ? await client.admin.usage({ ...days, by: oneOf("by", by ?? "tenant", ["tenant", "day"]) })
      : await client.usage({ ...days, by: oneOf("by", by ?? "day", ["day", "function"]) });
    if (args.json) return printJson(found);
    const { totals, groups } = found;
    const rows = [...groups, { ...totals, day: "total" }].map((group) => [
      nameOf(group),
      group.executions,
      seconds(group.cpu),
      seconds(group.wall),
      group.egressBytes,
      group.bytesOut,
    ]);
    const head = [found.by.toUpperCase(), "EXECUTIONS", "CPU S", "WALL S", "EGRESS B", "OUT B"];
    printTable(head, rows, "");
    if (!("limits" in found)) return;
    const { concurrency, budget, rate } = found.limits;
    const { bytes, limit } = found.storage;
    const limits = [
      ["at once", String(concurrency ?? "the server's")],
      ["a day", budget === undefined ? "unbounded" : JSON.stringify(budget)],
      ["rate", rate === undefined ? "unbounded" : `${rate.requests} in ${rate.seconds} s`],
      ["stored", `${bytes} of ${limit} bytes`],
    ];
    print(`\n${columns(limits)}`);
  },
});

interface Group {
  readonly day?: string | undefined;
  readonly tenant?: string | undefined;
  readonly function?: string | null | undefined;
}

function nameOf({ day, tenant, function: name }: Group): string {
  return day ?? tenant ?? name ?? "(code of requests)";
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1_000).toFixed(3);
}
