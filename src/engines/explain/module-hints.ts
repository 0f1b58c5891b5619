import type { Fault } from "../../protocol/messages.ts";
import type { SandboxLevel } from "../../request/types.ts";

const BARE = /^Import "([^"\s]{1,200})" not a dependency/;
/** Import that Node cannot resolve, at level `none`. */
const BARE_IN_NODE = /^Cannot find package '([^'\s]{1,200})'/;
const SPECIFIER =
  /^(?:npm specifiers were requested|JSR package manifest for|Unsupported scheme "jsr")/;
const REMOTE = /^Requires import access/;
const REMOTE_IN_NODE = /^Only URLs with a scheme in: .*Received protocol '(?:https?|npm|jsr):'/;
/** Refused import of a file that a sandbox may read only with the database tool. */
const DRIZZLE = /^Requires read access to "[^"]*\/database\/[\w-]+\.js"/;
const FILE =
  /^(?:Cannot find "\.{0,2}\/[^"]*", imported from|Requires read access to "[^"]*\.(?:[cm]?[jt]sx?|json)")/;
const JSX = /^Import "[^"]*\/jsx-(?:dev-)?runtime" not a dependency/;
const RELATIVE = /^(?:[./]|file:)/;

/** Command that makes one module of code and its packages. */
const BUNDLE = "esbuild main.ts --bundle --format=esm --platform=node";

const ADDED = 'add the package to "dependencies", or';
const BUNDLED = `bundle it into the code, with ${BUNDLE} for example`;
const NO_PACKAGES = `Packages cannot be imported at run time: ${ADDED} install it and`;
const NO_FILES =
  'There are no other files: put everything into the code, or deploy a function with "files"';

/** Tells how to change an import that fails. */
export function moduleHint(
  { name, message, details }: Fault,
  level: SandboxLevel,
): string | undefined {
  if (name === "EntryError") return entryHint(details?.exports, details?.type);
  if (name !== "TypeError" && name !== "Error") return undefined;
  if (level === "none") return hostHint(message);
  if (DRIZZLE.test(message)) return 'Add "database" to "tools"';
  if (JSX.test(message)) {
    return 'JSX needs its package in "dependencies", or write /** @jsx h */ above and define h';
  }
  const specifier = BARE.exec(message)?.[1];
  if (specifier !== undefined) return specifierHint(specifier);
  if (SPECIFIER.test(message)) return `${NO_PACKAGES} ${BUNDLED}`;
  if (REMOTE.test(message))
    return `Modules are not loaded from URLs: ${ADDED} install it and ${BUNDLED}`;
  return FILE.test(message) ? NO_FILES : undefined;
}

/** Tells how to change an import that Node refuses at level `none`, where it uses the host's. */
function hostHint(message: string): string | undefined {
  const name = BARE_IN_NODE.exec(message)?.[1];
  if (name !== undefined) {
    return `Add "${name}" to "dependencies", install it on the host, or ${BUNDLED}`;
  }
  return REMOTE_IN_NODE.test(message)
    ? `Modules are not loaded from URLs: ${ADDED} ${BUNDLED}`
    : undefined;
}

function specifierHint(specifier: string): string {
  return RELATIVE.test(specifier) ? NO_FILES : `${NO_PACKAGES} ${BUNDLED}`;
}

/** Types that a module may claim for what is exported in place of its entry. */
const TYPES: readonly unknown[] = ["object", "null", "string", "number", "boolean", "undefined"];

/** Tells how to name the entry, by the functions that the module claims to export. */
function entryHint(claim: unknown, type: unknown): string | undefined {
  if (!Array.isArray(claim)) return undefined;
  const names = claim.filter((name) => typeof name === "string" && /^[\w$]{1,60}$/.test(name));
  const others = names.filter((name) => name !== "default");
  if (names.includes("default")) {
    const rest = others.length > 0 ? `, or name one of ${others.join(", ")}` : "";
    return `The module has a default export: leave "entry" out to call it${rest}`;
  }
  if (others.length === 0) {
    const found = TYPES.includes(type) ? `, and the entry is of type ${type}` : "";
    return `The module exports no function${found}: write export default () => { … }`;
  }
  return `The module exports ${others.join(", ")}: add "entry": "${others[0]}", or write export default`;
}
