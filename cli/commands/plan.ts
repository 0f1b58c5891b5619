import type { PublicPlan } from "../../src/permissions/public-plan.ts";
import { REQUEST_FLAGS, requestOf } from "../code/request-flags.ts";
import { defineCommand } from "../command/define.ts";
import { clientFor, SERVER_FLAGS } from "../profile/server.ts";
import { columns } from "../terminal/columns.ts";
import { print, printJson } from "../terminal/print.ts";
import { visible } from "../terminal/visible.ts";
import { readModule } from "./run.ts";

/** `isolate plan`: exits with 1 if the request would be refused. */
export const plan = defineCommand({
  meta: {
    name: "plan",
    description: "Shows what a file would be granted, and runs nothing",
    examples: [
      "isolate plan fetch.ts --net api.example.com",
      "isolate plan report.ts --tool db --json",
    ],
  },
  args: {
    file: { type: "positional", description: "Module; - for standard input", required: true },
    ...REQUEST_FLAGS,
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    const found = await client.plan({ ...requestOf(args), code: await readModule(args.file) });
    if (args.json) printJson(found);
    else print(visible(columns(rowsOf(found))));
    if (found.refusals.length > 0) process.exitCode = 1;
  },
});

function rowsOf(plan: PublicPlan): string[][] {
  const { level, tools, egress, env, mounts, profile, packages, warnings, refusals } = plan;
  const list = (values: readonly string[]): string => values.join(", ") || "none";
  return [
    ["level", level],
    ["size", `${profile.memory} MB, ${profile.cpus} processors`],
    ["tools", list(tools)],
    ["network", list(egress?.allow ?? [])],
    ["variables", list(env)],
    ["mounts", list(mounts)],
    ...(packages === undefined
      ? []
      : [["packages", list(packages.packages.map(({ name, version }) => `${name}@${version}`))]]),
    ...warnings.map((warning) => ["warning", warning]),
    ...refusals.map(({ field, message }) => ["refused", `${field}: ${message}`]),
  ];
}
