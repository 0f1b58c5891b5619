import type { JsonText } from "../../src/base/json-text.ts";

/** Characters of arguments that are parsed at once. Longer ones are parsed in a thread. */
const SMALL = 1_024;

/** Checks that a tenant's text is JSON, and returns it on one line. */
export type CheckJson = (tenant: string, text: string) => Promise<JsonText>;

/** Checks that the arguments of a call are JSON, and takes their line breaks out, which would end an event's data. */
export async function argsText(check: CheckJson, tenant: string, text: string): Promise<string> {
  if (text.length > SMALL) return (await check(tenant, text)).text;
  JSON.parse(text);
  return text.replace(/[\r\n]/g, " ");
}
