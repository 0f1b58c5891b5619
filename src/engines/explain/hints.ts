import { syntaxHint } from "../../bundler/syntax-hints.ts";
import type { Fault } from "../../protocol/messages.ts";
import type { Denial, SandboxLevel } from "../../request/types.ts";
import { type Grantable, permissionFor } from "./denials.ts";
import { egressWords } from "./egress-words.ts";
import { globalHint } from "./global-hints.ts";
import { moduleHint } from "./module-hints.ts";
import { NOT_PUBLIC, networkHint } from "./network-hints.ts";

/** Facts about an execution that make its hints more exact. */
export interface Known {
  readonly code?: string | undefined;
  /** Default: all that an operator may grant. */
  readonly grantable?: Grantable | undefined;
  /** Default: there is one. */
  readonly hasDatabase?: (() => boolean) | undefined;
}

const NO_PROGRAMS = "No sandbox runs programs: use a library in JavaScript or WebAssembly";
const NO_FILES = 'A sandbox has no files here: give data as "input", and return what is to be kept';
const WHOLE_URL =
  'Write a whole URL, such as "https://host/path": there is no page that a part belongs to';

/** Causes of a failed `fetch` that the proxy has decided on, and has reported. */
const OF_PROXY = /the egress proxy refused|unsuccessful tunnel|dns error/;

const SPAWN = /^Failed to spawn /;
const OF_CHILD_PROCESS = /\(ext:deno_(?:node\/[^)\n]*child_process|process\/)/;
const OF_FETCH = /\(ext:deno_fetch\//;
const INVALID_URL = /^(?:Invalid URL|Failed to parse URL from )/;
const TEMPORARY = /^Requires write access to <TMP>/;
const WHOLE_ENVIRONMENT = /^Requires env access, /;

/** Tells what to add to the request for a denial, or what to do without. */
function permissionHint(denial: Denial, level: SandboxLevel, known: Known): string | undefined {
  const { kind, value } = denial;
  if (kind === "import") return undefined;
  if (kind === "run") return NO_PROGRAMS;
  if (kind === "ffi") return "No sandbox loads libraries: use JavaScript or WebAssembly";
  const permission = permissionFor(denial, level, known.grantable);
  if (permission !== undefined) return `Add ${JSON.stringify(permission)} to "permissions"`;
  const another = permissionFor(denial, level) !== undefined;
  if (kind === "net") return another ? `This host grants no access to ${value}` : NOT_PUBLIC;
  if (kind === "env")
    return `This host has no variable ${value} to grant: give its value as "input"`;
  if (kind === "read" || kind === "write") return NO_FILES;
  return another
    ? "This host does not grant it: do without"
    : "No permission allows this: do without";
}

/** Tells code that uses Node's or Deno's functions for something else than a sandbox offers. */
function runtimeHint(
  { message, stack = "" }: Fault,
  denial: Denial | undefined,
  level: SandboxLevel,
  { grantable }: Known,
): string | undefined {
  if (SPAWN.test(message)) return NO_PROGRAMS;
  if (TEMPORARY.test(message)) return NO_FILES;
  if (WHOLE_ENVIRONMENT.test(message)) {
    return OF_CHILD_PROCESS.test(stack)
      ? NO_PROGRAMS
      : "Not all variables are readable at once: read each by its name";
  }
  if (INVALID_URL.test(message)) return WHOLE_URL;
  if (denial?.kind !== "read" || !OF_FETCH.test(stack)) return undefined;
  // A URL without a host is a file's, so the runtime asks to read it. Few mean one that is granted.
  const isFile = grantable !== undefined && permissionFor(denial, level, grantable) !== undefined;
  return isFile ? undefined : WHOLE_URL;
}

/**
 * Tells how to change a request whose code failed in one of the usual ways. `denial` is the denial
 * behind the failure, if any. The sandbox claims the failure's text. It selects a hint, and only
 * its denied value and names of its exports and imports appear in one.
 *
 * @example
 * const fault = { name: "ReferenceError", message: "channel is not defined" };
 * hintFor(fault, undefined, "container") // 'Add "channel" to "tools"'
 */
export function hintFor(
  fault: Fault,
  denial: Denial | undefined,
  level: SandboxLevel,
  known: Known = {},
): string | undefined {
  const { name, message } = fault;
  // The other levels use the host's network, as far as they are permitted to.
  const network = level === "container" ? networkHint(fault) : undefined;
  const told =
    network ??
    runtimeHint(fault, denial, level, known) ??
    (denial && permissionHint(denial, level, known));
  if (told !== undefined) return told;
  if (name === "ReferenceError") return globalHint(message, level, known.hasDatabase?.() ?? true);
  if (name === "SyntaxError") return syntaxHint(message, known.code);
  return moduleHint(fault, level);
}

/**
 * Tells the proxy's last refusal to code whose `fetch` over TLS failed, because the runtime hides
 * it.
 *
 * @example
 * const denied = [{ kind: "net", value: "x.org:443", by: "egress", code: "HEAD_TIMEOUT" }];
 * proxyHint({ name: "TypeError", message: "fetch failed" }, denied) // "The egress proxy refused x.org:443: HEAD_TIMEOUT, the request's head came too slowly: send it at once"
 */
export function proxyHint(
  { name, message, cause }: Fault,
  denied: readonly Denial[] = [],
): string | undefined {
  if (name !== "TypeError" || message !== "fetch failed") return undefined;
  // A cause of another kind, such as a bad certificate, has nothing to do with earlier refusals.
  if (cause !== undefined && !OF_PROXY.test(cause.message)) return undefined;
  const last = denied.findLast(({ by }) => by === "egress");
  if (last === undefined) return undefined;
  const { value, code = "" } = last;
  const words = egressWords(code);
  return `The egress proxy refused ${value}: ${code}${words === undefined ? "" : `, ${words}`}`;
}
