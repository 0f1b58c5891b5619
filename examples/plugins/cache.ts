import { createHash } from "node:crypto";
import type { Context, IsolatePlugin, Output } from "isolate/types";

interface Kept {
  readonly output: Output;
  readonly until: number;
}

/** Most characters of a kept output. */
const LARGEST = 65_536;
/** Most outputs that are kept of one tenant, and most tenants. */
const OF_TENANT = 100;
const TENANTS = 1_000;

/**
 * Answers a repeated request from memory, for a while: a wrapper in `onExecute` that need not call `next`. No tenant
 * gets the output of another, and nobody one that was made with other rights, variables, tools or limits.
 */
export function cache(lifetime = 60_000): IsolatePlugin {
  const tenants = new Map<string, Map<string, Kept>>();
  return {
    name: "cache",
    required: ["permission", "packages", "channel"],
    setup(api) {
      api.onExecute.tap(async (context, next) => {
        if (!isRepeatable(context)) return next();
        // A later tenant may have the id of a deleted one.
        const owner = `${context.tenant.id} ${context.tenant.since}`;
        const outputs = tenants.get(owner) ?? new Map<string, Kept>();
        const key = keyOf(context);
        const known = outputs.get(key);
        if (known !== undefined && known.until > Date.now()) {
          // Passes the entries on to whoever follows the execution.
          for (const entry of known.output.logs ?? []) context.observer?.onLog?.(entry);
          return known.output;
        }
        const output = await next();
        if (output.ok && JSON.stringify(output).length <= LARGEST) {
          put(outputs, key, { output, until: Date.now() + lifetime }, OF_TENANT);
          put(tenants, owner, outputs, TENANTS);
        }
        return output;
      });
    },
  };
}

/**
 * Tells whether the output is all that an execution leaves. It is not with a network, files, a database, a channel or
 * an HTTP request, nor at level `none`, where nothing keeps code from them.
 */
function isRepeatable(context: Context): boolean {
  const { level, permissions, grants, channel, exchange, typeCall } = context;
  if (level === "none" || channel || exchange || typeCall || grants?.database) return false;
  const { env: _env, ...others } = permissions === "none" ? {} : permissions;
  return Object.values(others).every((value) => !value || (Array.isArray(value) && !value[0]));
}

/**
 * Makes a key of everything that may change the output: the tenant with all its settings, the whole request (with
 * `reuseKey`), the input, level, tools, permissions, values of variables, packages. Only what does not is left out, so
 * that a field of a later version counts, too.
 */
function keyOf(context: Context): string {
  const { observer, signal, account, customTools, request, ...rest } = context;
  // The input is in `rest`, as text.
  const { input: _input, ...asked } = request;
  const text = JSON.stringify({ asked, ...rest }, (_name, value: unknown) => {
    if (typeof value === "bigint") return `${value}n`;
    return value instanceof Map || value instanceof Set ? [...value] : value;
  });
  return createHash("sha256").update(text).digest("base64");
}

/** Sets an entry as the newest one, and drops the oldest beyond `most`. */
function put<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest = key] = map.keys();
  if (map.size > most) map.delete(oldest);
}

export default cache();
