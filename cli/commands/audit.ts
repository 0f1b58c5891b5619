import type { AuditQuery } from "../../src/client/types.ts";
import { timeOf } from "../code/durations.ts";
import { numberOf } from "../code/request-flags.ts";
import { defineCommand } from "../command/define.ts";
import { clientFor, SERVER_FLAGS } from "../profile/server.ts";
import { printJson, printTable } from "../terminal/print.ts";

/** `isolate audit`: administrative changes, by the operator's key. */
export const audit = defineCommand({
  meta: {
    name: "audit",
    description: "Shows who has changed what, the newest first, by the operator's key",
    examples: ["isolate audit --tenant acme --since 7d", "isolate audit --action key.create"],
  },
  args: {
    tenant: { type: "string", description: "Of one tenant", valueHint: "id" },
    action: { type: "string", description: "One kind of change", valueHint: "key.create|…" },
    since: {
      type: "string",
      description: "Then or later, as 7d or in ISO 8601",
      valueHint: "time",
    },
    limit: { type: "string", description: "Most of them", valueHint: "number", default: "50" },
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const { admin } = await clientFor(args, context);
    const { tenant, action, since } = args;
    // The server checks the action, and names those that there are.
    const query: AuditQuery = {
      limit: numberOf("limit", args.limit),
      ...(tenant !== undefined && { tenant }),
      ...(action !== undefined && { action: action as NonNullable<AuditQuery["action"]> }),
      ...(since !== undefined && { since: timeOf("since", since) }),
    };
    const page = await admin.audit(query);
    if (args.json) return printJson(page);
    const rows = page.entries.map((each) => [
      each.at,
      each.actor,
      each.action,
      each.tenant,
      each.target,
      each.detail === undefined ? undefined : JSON.stringify(each.detail),
    ]);
    printTable(["AT", "ACTOR", "ACTION", "TENANT", "TARGET", "DETAIL"], rows, "There is none");
  },
});
