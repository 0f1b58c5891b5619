import type { Client, Deployment } from "../../src/client/client.ts";
import { jsonField } from "../format.ts";

type ExecuteRequest = Parameters<Client["execute"]>[0];

/** Fields of the page for a request, as they are typed. */
export interface Draft {
  readonly code: string;
  readonly input: string;
  readonly permissions: string;
  readonly dependencies: string;
  readonly secrets: string;
}

/**
 * Makes a request of what is typed. Empty fields are left out.
 *
 * @throws {Error} that names the field with a fault.
 */
export function requestOf(draft: Draft): ExecuteRequest {
  const input = jsonField("Input", draft.input);
  return { ...deploymentOf(draft), code: draft.code, ...(input !== undefined && { input }) };
}

/** Makes a deployment of what is typed: a request without its input. */
export function deploymentOf(draft: Draft): Deployment {
  const fields = {
    permissions: jsonField("Permissions", draft.permissions),
    dependencies: jsonField("Packages", draft.dependencies),
    secrets: namesIn(draft.secrets),
  };
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return { code: draft.code, ...Object.fromEntries(given) } as Deployment;
}

function namesIn(text: string): string[] | undefined {
  const names = text.split(/[\s,]+/).filter(Boolean);
  return names.length === 0 ? undefined : names;
}

type Lists = Readonly<Record<string, readonly string[] | boolean>>;

/**
 * Adds permissions to those that are typed.
 *
 * @example
 * granted('{"net": ["a.org"]}', { net: ["b.org:443"] }) // JSON of {"net": ["a.org", "b.org:443"]}
 * @throws {Error} if those that are typed are not an object of lists.
 */
export function granted(typed: string, more: object): string {
  const lists = (jsonField("Permissions", typed) ?? {}) as Lists;
  if (typeof lists !== "object") throw new Error("Permissions is no object, so nothing is added");
  const added = Object.entries(more as Lists).map(([name, value]) => {
    const known = lists[name];
    if (!Array.isArray(value)) return [name, value];
    return [name, [...new Set([...(Array.isArray(known) ? known : []), ...value])]];
  });
  return JSON.stringify({ ...lists, ...Object.fromEntries(added) });
}
