import type { Fault } from "./protocol/messages.ts";

/** Globals that only a tool gives, and the tool's name in a request. */
const TOOL_GLOBALS: Readonly<Record<string, string>> = {
  crypto: "crypto",
  channel: "channel",
};

const COMMON_JS = /^(require|module|exports) is not defined/;
const PACKAGE =
  /^(npm specifiers were requested|Import "[^"]*" not a dependency|JSR package manifest|Requires import access)/;
const RELATIVE = /^invalid URL: relative URL with a cannot-be-a-base base/;

/**
 * Says what to change about a request whose code failed in one of the usual ways, or nothing.
 * The words of the failure are the sandbox's claim: they choose a hint, and get into none.
 *
 * @example
 * hintFor({ name: "ReferenceError", message: "crypto is not defined" }) // 'Add "crypto" to "tools"'
 */
export function hintFor({ name, message }: Fault): string | undefined {
  if (name === "ReferenceError") {
    if (COMMON_JS.test(message)) return 'Code is an ES module: use "import" and "export"';
    const [, global] = /^(\w+) is not defined$/.exec(message) ?? [];
    const tool = Object.hasOwn(TOOL_GLOBALS, global ?? "") ? TOOL_GLOBALS[global ?? ""] : undefined;
    return tool && `Add "${tool}" to "tools"`;
  }
  if (name === "TypeError" && PACKAGE.test(message)) {
    return "Packages cannot be imported at run time: bundle them into the code";
  }
  if (name === "TypeError" && RELATIVE.test(message)) {
    return "There are no other files: put everything into the code";
  }
  return undefined;
}
