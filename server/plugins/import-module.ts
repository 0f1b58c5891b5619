import * as nodeModule from "node:module";
import { pathToFileURL } from "node:url";
import { builtPath, PACKAGE_ROOT } from "../../src/base/package-root.ts";
import { type HookData, initialize, load, PACKAGE_PREFIX, resolve } from "./module-hooks.ts";

/** Modules of the library that plugins may import, after `isolate/`. */
const MODULES = ["common", "config", "kernel", "permissions", "plugins", "tools", "types"];
const HOOKS = builtPath("server/module-hooks.js");

let registered = false;

/** Imports a module by its absolute path, or by the name of a package of the working directory. */
export function importModule(source: string): Promise<Record<string, unknown>> {
  if (!registered) register();
  registered = true;
  const isPath = source.startsWith("/");
  return import(isPath ? pathToFileURL(source).href : `${PACKAGE_PREFIX}${source}`);
}

/** Adds the hooks to the loader: to that of this thread, or on Node 20 as a thread of its own. */
function register(): void {
  const data: HookData = {
    library: libraryUrls(),
    folder: pathToFileURL(`${process.cwd()}/`).href,
  };
  const { registerHooks } = nodeModule as { registerHooks?: (hooks: object) => void };
  if (registerHooks === undefined) {
    nodeModule.register(pathToFileURL(HOOKS), { data });
    return;
  }
  initialize(data);
  registerHooks({ resolve, load });
}

/** Returns the URLs of the library's modules: of the build that runs, or of the sources. */
function libraryUrls(): Record<string, string> {
  const isSource = import.meta.url.endsWith(".ts");
  const urlOf = (built: string, source: string): string =>
    pathToFileURL(isSource ? `${PACKAGE_ROOT}/src/${source}` : builtPath("server/library", built))
      .href;
  return {
    isolate: urlOf("index.js", "index.ts"),
    ...Object.fromEntries(
      MODULES.map((name) => [`isolate/${name}`, urlOf(`${name}.js`, `public/${name}.ts`)]),
    ),
  };
}
