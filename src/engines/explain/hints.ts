import type { Fault } from "../../protocol/messages.ts";
import type { Denial, SandboxLevel } from "../../request/types.ts";
import { permissionFor } from "./denials.ts";
import { NOT_PUBLIC, networkHint } from "./network-hints.ts";

/** Global that a tool adds → the tool's name in a request. */
const TOOL_GLOBALS: Readonly<Record<string, string>> = {
  crypto: "crypto",
  channel: "channel",
  db: "database",
};

const COMMON_JS = /^(require|module|exports) is not defined/;
const PACKAGE =
  /^(npm specifiers were requested|Import "[^"./][^"]*" not a dependency|JSR package manifest|Requires import access)/;
/** Refused import of a file that a sandbox may read only with the database tool. */
const DRIZZLE = /^Requires read access to "[^"]*\/database\/[\w-]+\.js"/;
const JSX = /^Import "[^"]*\/jsx-(dev-)?runtime" not a dependency/;
const RELATIVE =
  /^(Cannot find "\.{0,2}\/[^"]*", imported from|Requires read access to "\/[^"]*\.[cm]?[jt]sx?(on)?"|Import "[./][^"]*" not a dependency)/;

/** Causes of a failed `fetch` that the proxy has decided on, and has reported. */
const OF_PROXY = /the egress proxy refused|unsuccessful tunnel|dns error/;

/** Tells what to add to the request for a denial, or that nothing would help. */
function permissionHint(denial: Denial, level: SandboxLevel): string | undefined {
  if (denial.kind === "import") return undefined;
  if (denial.kind === "run") return "No sandbox runs programs";
  if (denial.kind === "ffi") return "No sandbox loads libraries";
  const permission = permissionFor(denial, level);
  if (permission !== undefined) return `Add ${JSON.stringify(permission)} to "permissions"`;
  return denial.kind === "net" ? NOT_PUBLIC : "No permission allows this";
}

/**
 * Tells how to change a request whose code failed in one of the usual ways. `denial` is the denial
 * behind the failure, if any. The sandbox claims the failure's text. It selects a hint, and only
 * its denied value appears in one.
 *
 * @example
 * const fault = { name: "ReferenceError", message: "crypto is not defined" };
 * hintFor(fault, undefined, "container") // 'Add "crypto" to "tools"'
 */
export function hintFor(
  fault: Fault,
  denial: Denial | undefined,
  level: SandboxLevel,
): string | undefined {
  const { name, message } = fault;
  // The other levels use the host's network, as far as they are permitted to.
  const network = level === "container" ? networkHint(fault) : undefined;
  const hint = network ?? (denial && permissionHint(denial, level));
  if (hint !== undefined) return hint;
  if (name === "ReferenceError") {
    if (COMMON_JS.test(message)) return 'Code is an ES module: use "import" and "export"';
    const [, global] = /^(\w+) is not defined$/.exec(message) ?? [];
    const tool = Object.hasOwn(TOOL_GLOBALS, global ?? "") ? TOOL_GLOBALS[global ?? ""] : undefined;
    return tool && `Add "${tool}" to "tools"`;
  }
  if (name === "TypeError" && JSX.test(message)) {
    return "JSX needs a function in the code: write /** @jsx h */ above, and define h";
  }
  if (name === "TypeError" && PACKAGE.test(message)) {
    return "Packages cannot be imported at run time: bundle them into the code";
  }
  if (name === "TypeError" && DRIZZLE.test(message)) return 'Add "database" to "tools"';
  if (name === "TypeError" && RELATIVE.test(message)) {
    return 'There are no other files: put everything into the code, or deploy a function with "files"';
  }
  return undefined;
}

/**
 * Tells the proxy's last refusal to code whose `fetch` over TLS failed, because the runtime hides
 * it.
 *
 * @example
 * const denied = [{ kind: "net", value: "x.org:443", by: "egress", code: "HOST_NOT_ALLOWED" }];
 * proxyHint({ name: "TypeError", message: "fetch failed" }, denied) // "The egress proxy refused x.org:443: HOST_NOT_ALLOWED"
 */
export function proxyHint(
  { name, message, cause }: Fault & { readonly cause?: { readonly message: string } },
  denied: readonly Denial[] = [],
): string | undefined {
  if (name !== "TypeError" || message !== "fetch failed") return undefined;
  // A cause of another kind, such as a bad certificate, has nothing to do with earlier refusals.
  if (cause !== undefined && !OF_PROXY.test(cause.message)) return undefined;
  const last = denied.findLast(({ by }) => by === "egress");
  return last && `The egress proxy refused ${last.value}: ${last.code}`;
}
