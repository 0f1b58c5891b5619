import type { TenantInfo, TenantPatch, TenantSettings } from "../../src/client/types.ts";
import { pagesOf } from "../code/pages.ts";
import { readObject } from "../code/read-input.ts";
import { defineCommand, loaded } from "../command/define.ts";
import { clientFor, SERVER_FLAGS } from "../profile/server.ts";
import { note, printJson, printTable } from "../terminal/print.ts";
import { visible } from "../terminal/visible.ts";

const ID = { type: "positional", description: "Id of the tenant", required: true } as const;
const SETTINGS = {
  type: "positional",
  description: "JSON, @file, or - for standard input",
  required: true,
} as const;

const list = defineCommand({
  meta: { name: "list", description: "Lists all tenants" },
  args: SERVER_FLAGS,
  async run({ args, context }) {
    const { admin } = await clientFor(args, context);
    const tenants: TenantInfo[] = [];
    for await (const page of pagesOf((after) => admin.tenants({ ...after, limit: 100 }))) {
      tenants.push(...page.tenants);
    }
    if (args.json) return printJson({ tenants });
    const rows = tenants.map((each) => [each.id, each.concurrency, each.timeout, each.updatedAt]);
    printTable(["TENANT", "CONCURRENCY", "TIMEOUT", "UPDATED"], rows, "There are no tenants");
  },
});

const show = defineCommand({
  meta: { name: "show", description: "Shows a tenant's settings, and what it has used today" },
  args: { id: ID, ...SERVER_FLAGS },
  async run({ args, context }) {
    const { admin } = await clientFor(args, context);
    printJson(await admin.tenant(args.id));
  },
});

const put = defineCommand({
  meta: {
    name: "put",
    description: "Creates a tenant, or replaces its settings",
    examples: [`isolate tenants put acme '{"ceiling": {"net": ["example.org"]}}'`],
  },
  args: { id: ID, settings: { ...SETTINGS, required: false }, ...SERVER_FLAGS },
  async run({ args, context }) {
    const { admin } = await clientFor(args, context);
    const settings = await readObject(args.settings ?? "{}", "settings");
    const tenant = await admin.putTenant(args.id, settings as TenantSettings);
    for (const warning of tenant.warnings ?? []) note(`warning ${visible(warning)}`);
    printJson(tenant);
  },
});

const patch = defineCommand({
  meta: {
    name: "patch",
    description: "Changes some settings of a tenant; null removes one",
    examples: [`isolate tenants patch acme '{"timeout": 5000, "rate": null}'`],
  },
  args: { id: ID, settings: SETTINGS, ...SERVER_FLAGS },
  async run({ args, context }) {
    const { admin } = await clientFor(args, context);
    const settings = await readObject(args.settings, "settings");
    printJson(await admin.patchTenant(args.id, settings as TenantPatch));
  },
});

const suspend = defineCommand({
  meta: { name: "suspend", description: "Refuses everything of a tenant, and ends what it runs" },
  args: {
    id: ID,
    reason: { type: "string", description: "What the tenant reads", valueHint: "text" },
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const { admin } = await clientFor(args, context);
    printJson(await admin.suspendTenant(args.id, args.reason));
  },
});

const resume = defineCommand({
  meta: { name: "resume", description: "Ends a suspension" },
  args: { id: ID, ...SERVER_FLAGS },
  async run({ args, context }) {
    const { admin } = await clientFor(args, context);
    printJson(await admin.resumeTenant(args.id));
  },
});

const remove = defineCommand({
  meta: { name: "delete", description: "Deletes a tenant with all its data" },
  args: { id: ID, ...SERVER_FLAGS },
  async run({ args, context }) {
    const { admin } = await clientFor(args, context);
    await admin.deleteTenant(args.id);
    if (args.json) printJson({ deleted: args.id });
    else note(`${args.id} is deleted`);
  },
});

/** `isolate tenants`: needs the operator's key. */
export const tenants = defineCommand({
  meta: {
    name: "tenants",
    description: "Lists, creates, changes, suspends and deletes tenants, by the operator's key",
    examples: [
      "isolate tenants --profile operator",
      "isolate tenants suspend acme --reason unpaid",
    ],
  },
  subCommands: loaded([list, show, put, patch, suspend, resume, remove]),
  default: "list",
});
