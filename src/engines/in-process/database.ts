import { constants, Script } from "node:vm";
import { readProgram } from "../../base/programs.ts";

/** What the tool's own script is called in stacks. */
const FILENAME = "isolate:database";

let script: Promise<Script> | undefined;

/**
 * The database tool for a realm, as a script that evaluates to its module. It is the realm's own,
 * as its promises are: one that rejects unheard is that execution's failure, and not the host's.
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
