import type { Secret } from "../../src/client/types.ts";
import { pagesOf } from "../code/pages.ts";
import { readHidden } from "../code/read-hidden.ts";
import { defineCommand, loaded } from "../command/define.ts";
import { clientFor, SERVER_FLAGS } from "../profile/server.ts";
import { note, print, printJson, printTable } from "../terminal/print.ts";

const NAME = { type: "positional", description: "Name of the secret", required: true } as const;

const list = defineCommand({
  meta: { name: "list", description: "Lists secrets, without their values" },
  args: SERVER_FLAGS,
  async run({ args, context }) {
    const client = await clientFor(args, context);
    const secrets: Secret[] = [];
    for await (const page of pagesOf((after) => client.secrets.list({ ...after, limit: 100 }))) {
      secrets.push(...page.secrets);
    }
    if (args.json) return printJson({ secrets });
    const rows = secrets.map((each) => [each.name, each.version, each.updatedAt]);
    printTable(["NAME", "VERSION", "UPDATED"], rows, "There are no secrets");
  },
});

const put = defineCommand({
  meta: {
    name: "put",
    description: "Writes a secret, whose value is read from standard input",
    examples: ["isolate secrets put STRIPE_KEY < stripe-key.txt", "isolate secrets put STRIPE_KEY"],
  },
  args: { name: NAME, ...SERVER_FLAGS },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    const value = await readHidden(`Value of ${args.name}`, context.signal);
    const secret = await client.secrets.put(args.name, value);
    if (args.json) printJson(secret);
    else print(`${secret.name} has version ${secret.version}`);
  },
});

const remove = defineCommand({
  meta: { name: "delete", description: "Deletes a secret" },
  args: { name: NAME, ...SERVER_FLAGS },
  async run({ args, context }) {
    const client = await clientFor(args, context);
    await client.secrets.delete(args.name);
    if (args.json) printJson({ deleted: args.name });
    else note(`${args.name} is deleted`);
  },
});

/** `isolate secrets`: values come by standard input, and are never shown. */
export const secrets = defineCommand({
  meta: {
    name: "secrets",
    description: "Lists, writes and deletes secrets",
    examples: ["isolate secrets", "isolate secrets put STRIPE_KEY < stripe-key.txt"],
  },
  subCommands: loaded([list, put, remove]),
  default: "list",
});
