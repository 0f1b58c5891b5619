import type { KeyInfo } from "../../src/client/types.ts";
import { untilOf } from "../code/durations.ts";
import { defineCommand, loaded } from "../command/define.ts";
import { clientFor, SERVER_FLAGS } from "../profile/server.ts";
import { note, print, printJson, printTable } from "../terminal/print.ts";

const FLAGS = {
  tenant: {
    type: "string",
    description: "Tenant whose keys are meant; needs the operator's key",
    valueHint: "id",
  },
  ...SERVER_FLAGS,
} as const;

const list = defineCommand({
  meta: { name: "list", description: "Lists keys, without their text" },
  args: FLAGS,
  async run({ args, context }) {
    const client = await clientFor(args, context);
    const { tenant } = args;
    const keys = await (tenant === undefined ? client.keys.list() : client.admin.keys(tenant));
    if (args.json) return printJson({ keys });
    printTable(["ID", "BEGINS", "LABEL", "MAY", "ENDS", "USED"], keys.map(rowOf), "There are none");
  },
});

function rowOf({ id, prefix, label, scopes, expiresAt, lastUsedAt }: KeyInfo): unknown[] {
  return [id, prefix, label || undefined, scopes?.join(" ") ?? "all", expiresAt, lastUsedAt];
}

const create = defineCommand({
  meta: {
    name: "create",
    description: "Makes a key. Its text is shown this once",
    examples: [
      "isolate keys create --label ci --scope deploy --expires 30d",
      "isolate keys create --tenant acme --profile operator",
    ],
  },
  args: {
    label: { type: "string", description: "For people", valueHint: "text" },
    scope: {
      type: "string",
      description: "Right of the key",
      valueHint: "execute|deploy|read|manage|invoke:<function>",
      multiple: true,
    },
    expires: { type: "string", description: "End, as 30d or in ISO 8601", valueHint: "time" },
    ...FLAGS,
  },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    const { tenant, label, scope, expires } = args;
    const request = {
      ...(label !== undefined && { label }),
      ...(scope.length > 0 && { scopes: [...scope] }),
      ...(expires !== undefined && { expiresAt: untilOf("expires", expires) }),
    };
    const made = await (tenant === undefined
      ? client.keys.create(request)
      : client.admin.createKey(tenant, request));
    if (args.json) return printJson(made);
    note(`key ${made.id}, which is shown this once:`);
    print(made.key);
  },
});

const revoke = defineCommand({
  meta: { name: "revoke", description: "Ends a key at once" },
  args: {
    id: { type: "positional", description: "Id of the key", required: true },
    ...FLAGS,
  },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    const { tenant, id } = args;
    await (tenant === undefined ? client.keys.revoke(id) : client.admin.revokeKey(tenant, id));
    if (args.json) printJson({ revoked: id });
    else note(`${id} is revoked`);
  },
});

/** `isolate keys`: those of the key's tenant, or of one that the operator names. */
export const keys = defineCommand({
  meta: {
    name: "keys",
    description: "Lists, makes and revokes keys",
    examples: ["isolate keys", "isolate keys revoke 5ff48fe7bdd6a9fc"],
  },
  subCommands: loaded([list, create, revoke]),
  default: "list",
});
