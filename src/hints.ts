import type { Fault } from "./protocol/messages.ts";
import type { Denial } from "./types.ts";

/** Globals that only a tool gives, and the tool's name in a request. */
const TOOL_GLOBALS: Readonly<Record<string, string>> = {
  crypto: "crypto",
  channel: "channel",
  db: "database",
};

const COMMON_JS = /^(require|module|exports) is not defined/;
const PACKAGE =
  /^(npm specifiers were requested|Import "[^"]*" not a dependency|JSR package manifest|Requires import access)/;
/** An import that a sandbox maps to a file of the database tool's, which only that tool lets one read. */
const DRIZZLE = /^Requires read access to "[^"]*\/database\/[\w-]+\.js"/;
const RELATIVE = /^invalid URL: relative URL with a cannot-be-a-base base/;

/** Deno's refusal of what a Worker is not permitted, and the permission that would allow it. */
const NOT_PERMITTED =
  /^Requires (env|net|read|write|run|ffi|sys|import) access to "([^"]{1,1000})"/;

/** What a failure says the code's own permissions kept it from; a claim of the sandbox's. */
export function denialOf({ name, message }: Fault): Denial | undefined {
  const [, kind, value] = (name === "NotCapable" && NOT_PERMITTED.exec(message)) || [];
  if (kind === undefined || value === undefined) return undefined;
  return { kind: kind as Denial["kind"], value, by: "worker" };
}

/** What to put in the request for what was denied, where that can be granted at all. */
function permissionHint({ kind, value }: Denial): string | undefined {
  if (kind === "run") return "No sandbox runs programs";
  if (kind === "ffi") return "No sandbox loads libraries";
  return `Add ${JSON.stringify({ [kind]: [value] })} to "permissions"`;
}

/**
 * Says what to change about a request whose code failed in one of the usual ways, or nothing.
 * The words of the failure are the sandbox's claim: they choose a hint, and get into one only as
 * the value that was denied.
 *
 * @example
 * hintFor({ name: "ReferenceError", message: "crypto is not defined" }) // 'Add "crypto" to "tools"'
 */
export function hintFor({ name, message }: Fault): string | undefined {
  const denial = denialOf({ name, message });
  if (denial !== undefined && denial.kind !== "import") return permissionHint(denial);
  if (name === "ReferenceError") {
    if (COMMON_JS.test(message)) return 'Code is an ES module: use "import" and "export"';
    const [, global] = /^(\w+) is not defined$/.exec(message) ?? [];
    const tool = Object.hasOwn(TOOL_GLOBALS, global ?? "") ? TOOL_GLOBALS[global ?? ""] : undefined;
    return tool && `Add "${tool}" to "tools"`;
  }
  if (name === "TypeError" && PACKAGE.test(message)) {
    return "Packages cannot be imported at run time: bundle them into the code";
  }
  if (name === "TypeError" && DRIZZLE.test(message)) return 'Add "database" to "tools"';
  if (name === "TypeError" && RELATIVE.test(message)) {
    return "There are no other files: put everything into the code";
  }
  return undefined;
}
