import { numberOf } from "../code/request-flags.ts";
import { defineCommand } from "../command/define.ts";
import { clientFor, SERVER_FLAGS } from "../profile/server.ts";
import { printJson, printTable } from "../terminal/print.ts";

/** `isolate denials`: what code was refused, added up. */
export const denials = defineCommand({
  meta: {
    name: "denials",
    description: "Shows what code was refused in the last 30 days, the most frequent first",
    examples: ["isolate denials", "isolate denials --from 2026-01-01 --limit 10"],
  },
  args: {
    from: { type: "string", description: "First day", valueHint: "2026-01-02" },
    to: { type: "string", description: "Last day", valueHint: "2026-01-31" },
    limit: { type: "string", description: "Most of them", valueHint: "number", default: "50" },
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    const { from, to } = args;
    const found = await client.denials({
      limit: numberOf("limit", args.limit),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
    });
    if (args.json) return printJson(found);
    const rows = found.denials.map((each) => [
      each.count,
      each.kind,
      each.subject,
      each.function,
      each.lastAt,
    ]);
    printTable(["COUNT", "KIND", "SUBJECT", "FUNCTION", "LAST"], rows, "Nothing was refused");
  },
});
