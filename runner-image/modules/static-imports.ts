/** Loads what a module imports statically, where the runtime cannot find it by itself. */
import { MODULE_NAME, MODULE_URL } from "../../src/protocol/messages.ts";
import { RunnerFault } from "../base/faults.ts";
import {
  construct,
  createBlobUrl,
  execPattern,
  indexOfText,
  listOf,
  NativeBlob,
  NativeURL,
  sliceText,
  stringifyJson,
} from "../base/primordials.ts";

interface ModuleRequest {
  readonly specifier: string;
  readonly attributes: Readonly<Record<string, string>>;
}

interface NodeVm {
  readonly SourceTextModule: new (text: string) => { readonly moduleRequests: ModuleRequest[] };
}

const { process } = globalThis as unknown as {
  process: { getBuiltinModule(name: "node:vm"): NodeVm };
};
const { SourceTextModule } = process.getBuiltinModule("node:vm");

const JAVASCRIPT = { type: "application/javascript" };
const RELATIVE = /^\.{0,2}\//;

/** Tells whether a text is JavaScript, without evaluating it. */
export function parses(text: string): boolean {
  try {
    construct(SourceTextModule, listOf(text));
    return true;
  } catch {
    return false;
  }
}

/**
 * Evaluates the modules that a text imports. The runtime looks for the imports of a module before it
 * loads that, and not again if a hook serves the module. What is loaded already, it finds.
 */
export async function loadImports(text: string): Promise<void> {
  const { moduleRequests } = construct(SourceTextModule, listOf(text)) as InstanceType<
    NodeVm["SourceTextModule"]
  >;
  let imports = "";
  for (let i = 0; i < moduleRequests.length; i += 1) {
    const { specifier, attributes } = moduleRequests[i] as ModuleRequest;
    const isRelative = execPattern(RELATIVE, specifier) !== null;
    const url = isRelative ? new NativeURL(specifier, MODULE_URL).href : specifier;
    if (url === MODULE_URL) continue;
    if (isRelative) throw noSuchFile(specifier);
    imports += `import ${stringifyJson(url)} with ${stringifyJson(attributes)};`;
  }
  const url = createBlobUrl(new NativeBlob(listOf(imports), JAVASCRIPT));
  try {
    await import(url);
  } catch (thrown) {
    throw withoutPlace(thrown, url);
  }
}

/** Removes the position in the module made above, which the author does not know. */
function withoutPlace(thrown: unknown, url: string): unknown {
  if (!(thrown instanceof TypeError)) return thrown;
  const at = indexOfText(thrown.message, `\n    at ${url}`);
  return at < 0 ? thrown : new RunnerFault("TypeError", sliceText(thrown.message, 0, at));
}

function noSuchFile(specifier: string): RunnerFault {
  const message = `Cannot find ${stringifyJson(specifier)}, imported from ${MODULE_NAME}`;
  return new RunnerFault("TypeError", message);
}
