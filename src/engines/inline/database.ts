import { constants, Script } from "node:vm";
import { build } from "esbuild";
import { DATABASE_BUILD, DATABASE_SOURCE } from "../database-bundle.ts";

/** What the tool's own script is called in stacks. */
const FILENAME = "isolate:database";

let script: Promise<Script> | undefined;

/**
 * The database tool for a realm, as a script that evaluates to its module. It is the realm's own,
 * as its promises are: one that rejects unheard is that execution's failure, and not the host's.
 */
export function databaseScript(): Promise<Script> {
  script ??= bundle();
  return script;
}

async function bundle(): Promise<Script> {
  const { outputFiles } = await build({
    ...DATABASE_BUILD,
    entryPoints: [DATABASE_SOURCE],
    format: "iife",
    globalName: "tool",
    banner: { js: `(() => {const require=process.getBuiltinModule;${DATABASE_BUILD.banner.js}` },
    footer: { js: "return tool; })()" },
  });
  return new Script(outputFiles[0]?.text ?? "", {
    filename: FILENAME,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}
