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
  NativeSet,
  NativeURL,
  setAdd,
  setForEach,
  setHas,
  setSize,
  sliceText,
  stringifyJson,
} from "../base/primordials.ts";
import { BUILT_IN, scanImports } from "./import-scan.ts";

/** Modules that the import map leads to a text, which the runtime does not find. Set at build time. */
declare const CHANGED_MODULES: readonly string[];

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
const CHANGED = new NativeSet(CHANGED_MODULES);
const RELATIVE = /^\.{0,2}\//;

/** Import statements that this worker has evaluated. */
const loaded = new NativeSet<string>();

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
 * Evaluates the modules that a text imports, except those of the runtime, which it always finds. The
 * runtime looks for the imports of a module before it loads that, and not if a hook serves the
 * module. What a worker has loaded already, it finds. A text that is no JavaScript imports nothing.
 */
export async function loadImports(text: string): Promise<void> {
  const scanned = scanImports(text);
  if (scanned !== undefined && setSize(scanned) === 0) return;
  const requests = scanned === undefined ? requestsOf(text) : builtIns(scanned);
  const made = new NativeSet<string>();
  let imports = "";
  for (let i = 0; i < requests.length; i += 1) {
    const { specifier, attributes } = requests[i] as ModuleRequest;
    const builtIn = execPattern(BUILT_IN, specifier);
    if (builtIn !== null && !setHas(CHANGED, builtIn[1])) continue;
    const isRelative = execPattern(RELATIVE, specifier) !== null;
    const url = isRelative ? new NativeURL(specifier, MODULE_URL).href : specifier;
    if (url === MODULE_URL) continue;
    if (isRelative) throw noSuchFile(specifier);
    const statement = `import ${stringifyJson(url)} with ${stringifyJson(attributes)};`;
    if (setHas(loaded, statement)) continue;
    setAdd(made, statement);
    imports += statement;
  }
  if (imports === "") return;
  const url = createBlobUrl(new NativeBlob(listOf(imports), JAVASCRIPT));
  try {
    await import(url);
  } catch (thrown) {
    throw withoutPlace(thrown, url);
  }
  setForEach(made, (statement) => setAdd(loaded, statement));
}

function builtIns(names: Set<string>): readonly ModuleRequest[] {
  const requests: ModuleRequest[] = [];
  const attributes = {};
  setForEach(names, (specifier) => {
    requests[requests.length] = { specifier, attributes };
  });
  return requests;
}

function requestsOf(text: string): readonly ModuleRequest[] {
  try {
    type Parsed = InstanceType<NodeVm["SourceTextModule"]>;
    return (construct(SourceTextModule, listOf(text)) as Parsed).moduleRequests;
  } catch {
    return [];
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
