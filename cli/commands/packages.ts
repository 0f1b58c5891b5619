import type { PackagesClient } from "../../src/client/packages.ts";
import type { PackageSet } from "../../src/client/types.ts";
import { pagesOf } from "../code/pages.ts";
import { dependenciesOf } from "../code/request-flags.ts";
import { type Context, defineCommand, loaded } from "../command/define.ts";
import { UsageError } from "../command/errors.ts";
import { clientFor, SERVER_FLAGS } from "../profile/server.ts";
import { note, print, printJson, printTable } from "../terminal/print.ts";
import { visible } from "../terminal/visible.ts";

const SET = { type: "positional", description: "Name of the set", required: true } as const;
const FLAGS = {
  shared: { type: "boolean", description: "Sets of the operator, which all tenants may use" },
  ...SERVER_FLAGS,
} as const;

const list = defineCommand({
  meta: { name: "list", description: "Lists prepared sets of packages" },
  args: FLAGS,
  async run({ args, context }) {
    const client = await setsFor(args, context);
    const sets: PackageSet[] = [];
    for await (const page of pagesOf((after) => client.list({ ...after, limit: 100 }))) {
      sets.push(...page.sets);
    }
    if (args.json) return printJson({ sets });
    const rows = sets.map((each) => [
      each.name,
      Object.keys(each.dependencies).join(", "),
      each.updatedAt,
    ]);
    printTable(["SET", "PACKAGES", "UPDATED"], rows, "There are no sets");
  },
});

const show = defineCommand({
  meta: { name: "show", description: "Shows a set with its exact versions" },
  args: { set: SET, ...FLAGS },
  async run({ args, context }) {
    const client = await setsFor(args, context);
    printJson(await client.get(args.set));
  },
});

const put = defineCommand({
  meta: {
    name: "put",
    description: "Finds and fetches the packages of a set, or of one that is there anew",
    examples: ["isolate packages put dates --dependency date-fns@^4 --dependency zod@^4"],
  },
  args: {
    set: SET,
    dependency: {
      type: "string",
      description: "Package of the set",
      valueHint: "name@range",
      multiple: true,
    },
    ...FLAGS,
  },
  async run({ args, context }) {
    if (args.dependency.length === 0) throw new UsageError("--dependency names no package");
    const client = await setsFor(args, context);
    const set = await client.put(args.set, { dependencies: dependenciesOf(args.dependency) });
    for (const warning of set.warnings ?? []) note(`warning ${visible(warning)}`);
    if (args.json) return printJson(set);
    const packages = set.lock?.packages.length ?? 0;
    print(`${visible(set.name)} has ${packages} packages`);
  },
});

const remove = defineCommand({
  meta: { name: "delete", description: "Deletes a set" },
  args: { set: SET, ...FLAGS },
  async run({ args, context }) {
    const client = await setsFor(args, context);
    await client.delete(args.set);
    if (args.json) printJson({ deleted: args.set });
    else note(`${args.set} is deleted`);
  },
});

/** Returns the sets of the key's tenant, or those of the operator with `--shared`. */
async function setsFor(
  args: Parameters<typeof clientFor>[0] & { readonly shared: boolean },
  context: Context,
): Promise<PackagesClient> {
  const client = await clientFor(args, context);
  return args.shared ? client.admin.packages : client.packages;
}

/** `isolate packages`: prepared sets, which executions name by `--packages`. */
export const packages = defineCommand({
  meta: {
    name: "packages",
    description: "Lists, shows, prepares and deletes sets of packages",
    examples: ["isolate packages", "isolate packages --shared --profile operator"],
  },
  subCommands: loaded([list, show, put, remove]),
  default: "list",
});
