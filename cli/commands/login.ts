import { createClient } from "../../src/client/client.ts";
import { IsolateClientError } from "../../src/client/errors.ts";
import { readHidden } from "../code/read-hidden.ts";
import { defineCommand } from "../command/define.ts";
import { UsageError } from "../command/errors.ts";
import { writeProfile } from "../profile/profiles.ts";
import { serverOf } from "../profile/server.ts";
import { note, print, printJson } from "../terminal/print.ts";
import { visible } from "../terminal/visible.ts";

/** `isolate login`: keeps a server and a key that it takes, for later commands. */
export const login = defineCommand({
  meta: {
    name: "login",
    description: "Keeps the URL of a server and a key, read from standard input, as a profile",
    examples: [
      "isolate login --url https://isolate.example.com",
      "isolate login --profile operator < admin-key.txt",
      "isolate login --url http://127.0.0.1:8787 --no-key",
    ],
  },
  args: {
    url: { type: "string", description: "URL of the server", valueHint: "url" },
    profile: {
      type: "string",
      description: "Name to keep it by; commands use the last one",
      valueHint: "name",
      default: "default",
    },
    "no-key": { type: "boolean", description: "The server wants no key" },
    json: { type: "boolean", description: "JSON on standard output" },
  },
  async run({ args, context }) {
    const { profile, json } = args;
    if (!/^[\w.-]{1,64}$/.test(profile)) {
      throw new UsageError("--profile takes up to 64 letters, digits, -, _ and .");
    }
    const { url } = await serverOf({ url: args.url, profile: undefined }, context.env);
    const key = args["no-key"] ? undefined : await readHidden(`Key of ${url}`, context.signal);
    const owner = await ownerOf(url, key);
    const path = await writeProfile(context.env, profile, {
      url,
      ...(key !== undefined && { key }),
    });
    if (json) return printJson({ profile, url, owner });
    print(`${url} knows you as ${visible(owner)}`);
    note(`kept as "${profile}" in ${path}`);
  },
});

/** Tells whose a key is. Rejects for one that is not good. */
async function ownerOf(url: string, key: string | undefined): Promise<string> {
  const client = createClient({ url, key });
  try {
    return `tenant ${(await client.tenant()).id}`;
  } catch (error) {
    if (!isOutOfScope(error)) throw error;
  }
  try {
    await client.admin.tenants({ limit: 1 });
    return "the operator";
  } catch (error) {
    if (!isOutOfScope(error)) throw error;
    return "a tenant, by a key that may not read";
  }
}

function isOutOfScope(error: unknown): boolean {
  return error instanceof IsolateClientError && error.code === "WRONG_SCOPE";
}
