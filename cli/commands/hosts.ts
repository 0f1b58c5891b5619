import type { TenantHostInfo } from "../../src/client/types.ts";
import { pagesOf } from "../code/pages.ts";
import { defineCommand, loaded } from "../command/define.ts";
import { clientFor, SERVER_FLAGS } from "../profile/server.ts";
import { note, print, printJson, printTable } from "../terminal/print.ts";
import { visible } from "../terminal/visible.ts";

const HOST = { type: "positional", description: "Name of the host", required: true } as const;
const TENANT = { type: "positional", description: "Id of the tenant", required: true } as const;

const list = defineCommand({
  meta: { name: "list", description: "Lists the host names of the tenant" },
  args: {
    all: { type: "boolean", description: "Of all tenants; needs the operator's key" },
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    if (!args.all) {
      const hosts = await client.hosts.list();
      if (args.json) return printJson({ hosts });
      const rows = hosts.map((each) => [each.name, each.function, each.verifiedAt]);
      return printTable(["HOST", "FUNCTION", "VERIFIED"], rows, "There are no host names");
    }
    const hosts: TenantHostInfo[] = [];
    const ask = (after: object) => client.admin.hosts({ ...after, limit: 100 });
    for await (const page of pagesOf(ask)) hosts.push(...page.hosts);
    if (args.json) return printJson({ hosts });
    const rows = hosts.map((each) => [each.name, each.tenant, each.function, each.verifiedAt]);
    printTable(["HOST", "TENANT", "FUNCTION", "VERIFIED"], rows, "There are no host names");
  },
});

const put = defineCommand({
  meta: {
    name: "put",
    description: "Asks for a host name, or has another function answer",
    examples: ["isolate hosts put shop.example.com --function shop"],
  },
  args: {
    host: HOST,
    function: {
      type: "string",
      description: "Function that answers; otherwise the path names it",
      valueHint: "name",
    },
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    const { function: name } = args;
    const host = await client.hosts.put(args.host, name === undefined ? {} : { function: name });
    if (args.json) return printJson(host);
    const state = host.verified ? "is served" : "waits until the operator verifies it";
    print(`${visible(host.name)} ${state}`);
  },
});

const verify = defineCommand({
  meta: {
    name: "verify",
    description: "Has a host name of a tenant served, by the operator's key",
    examples: ["isolate hosts verify shop.example.com acme"],
  },
  args: { host: HOST, tenant: TENANT, ...SERVER_FLAGS },
  async run({ args, context }) {
    const { admin } = await clientFor(args, context);
    const host = await admin.verifyHost(args.host, args.tenant);
    if (args.json) printJson(host);
    else print(`${visible(host.name)} is served, for ${visible(host.tenant)}`);
  },
});

const remove = defineCommand({
  meta: { name: "delete", description: "Gives a host name up, or takes it from a tenant" },
  args: {
    host: HOST,
    tenant: {
      type: "string",
      description: "Whose name it is, with the operator's key",
      valueHint: "id",
    },
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    if (args.tenant === undefined) await client.hosts.delete(args.host);
    else await client.admin.deleteHost(args.host, args.tenant);
    if (args.json) printJson({ deleted: args.host });
    else note(`${args.host} is deleted`);
  },
});

/** `isolate hosts`: host names by which functions are served. */
export const hosts = defineCommand({
  meta: {
    name: "hosts",
    description: "Lists, asks for, verifies and deletes host names of functions",
    examples: ["isolate hosts", "isolate hosts --all --profile operator"],
  },
  subCommands: loaded([list, put, verify, remove]),
  default: "list",
});
