import type { SandboxLevel } from "../../request/types.ts";

const ES_MODULE = 'Code is an ES module: use "import" and "export"';
const NO_PAGE = "There is no page here";
const NO_STORE = "Nothing is kept between executions: return what is to be kept";
const NO_DATABASE =
  'There is no database here: give data as "input", and return what is to be kept';
const JSX =
  'JSX calls React.createElement: import React, or write /** @jsxImportSource preact */ above for what "dependencies" names';
const NO_PLACE = 'Code is an ES module, and in no directory with other files: give data as "input"';

/** Global that code expects → what to do without it. */
const HINTS: Readonly<Record<string, string>> = {
  require: ES_MODULE,
  module: ES_MODULE,
  exports: ES_MODULE,
  __dirname: NO_PLACE,
  __filename: NO_PLACE,
  window: `${NO_PAGE}: write globalThis in place of window`,
  document: `${NO_PAGE}, and no document: bundle a parser such as linkedom into the code to read HTML`,
  alert: `${NO_PAGE}: write console.log in place of alert`,
  prompt: `${NO_PAGE}: take the answer as "input", the argument of the entry`,
  confirm: `${NO_PAGE}: take the answer as "input", the argument of the entry`,
  XMLHttpRequest: "Use fetch in place of XMLHttpRequest",
  localStorage: NO_STORE,
  sessionStorage: NO_STORE,
  crypto: 'Add "crypto" to "tools"',
  channel: 'Add "channel" to "tools"',
  db: 'Add "database" to "tools"',
  React: JSX,
  Bun: "Code runs in Deno: use its functions, the web's, or those of node: modules",
};

/** Deno's own global, which is there at each level but `none`. */
const DENO = 'Level "none" is Node: use the functions of node: modules, or ask for another level';

/**
 * Tells what to do without a global that code expects.
 *
 * @example
 * globalHint("channel is not defined", "container") // 'Add "channel" to "tools"'
 */
export function globalHint(
  message: string,
  level: SandboxLevel,
  hasDatabase = true,
): string | undefined {
  const name = /^([\w$]+) is not defined/.exec(message)?.[1] ?? "";
  if (name === "Deno" && level === "none") return DENO;
  if (name === "db" && !hasDatabase) return NO_DATABASE;
  if (name === "Bun" && level === "none") return undefined;
  return Object.hasOwn(HINTS, name) ? HINTS[name] : undefined;
}
