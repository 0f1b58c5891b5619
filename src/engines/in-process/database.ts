import { constants, Script } from "node:vm";
import { readProgram } from "../../base/programs.ts";

/** File name of the tool's script in stacks. */
const FILENAME = "isolate:database";

let script: Promise<Script> | undefined;

/**
 * Returns the database tool as a script that evaluates to its module in a realm. The realm owns the
 * module and its promises. So an unhandled rejection fails the execution, not the host.
 */
export function databaseScript(): Promise<Script> {
  script ??= load();
  return script;
}

async function load(): Promise<Script> {
  return new Script(await readProgram("realm/database"), {
    filename: FILENAME,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}
