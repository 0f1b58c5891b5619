import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf } from "../base/errors.ts";
import { evaluate } from "../common/evaluate.ts";
import { exportedTool } from "../common/exported.ts";
import { bundleTool } from "./bundle.ts";
import { RESERVED_NAMES } from "./registry.ts";
import { toTool } from "./shape.ts";
import type { CustomTool, ToolSource } from "./tool.ts";
import { isBuiltIn } from "./toolbox.ts";

/** Most bytes of one bundled module, and of all: they travel with each job that uses them. */
const MAX_MODULE = 4_194_304;
const MAX_MODULES = 16_777_216;

/**
 * Loads the tools to register, without built-in ones. Each module is bundled and run once, to learn its name and
 * permissions.
 *
 * @throws {Error} Naming the source and the problem, also for a name that is taken.
 */
export async function loadTools(sources: readonly ToolSource[]): Promise<readonly CustomTool[]> {
  const loaded = await Promise.all(sources.map(loadTool));
  const tools = loaded.filter(({ tool }) => !isBuiltIn(tool));
  const taken = new Map(RESERVED_NAMES.map((name) => [name, "the built-in one"]));
  let bytes = 0;
  for (const { tool, source, module = "" } of tools) {
    const other = taken.get(tool.name);
    if (other !== undefined) {
      throw new Error(`Two tools are named "${tool.name}": ${other} and that of ${source}`);
    }
    taken.set(tool.name, `that of ${source}`);
    bytes += Buffer.byteLength(module);
  }
  if (bytes > MAX_MODULES) {
    throw new Error(`The modules of all tools have ${bytes} bytes, more than ${MAX_MODULES}`);
  }
  return tools;
}

async function loadTool(given: ToolSource, index: number): Promise<CustomTool> {
  let source = `tools[${index}]`;
  try {
    if (!isPlace(given)) return { tool: toTool(given), source };
    const path = pathOf(given);
    source = path;
    if (!(await isFile(path))) throw new Error("There is no such file");
    const module = await bundleTool(path);
    const size = Buffer.byteLength(module);
    if (size > MAX_MODULE) throw new Error(`Bundled it has ${size} bytes, more than ${MAX_MODULE}`);
    const tool = toTool(
      exportedTool(evaluate(module, `tool:${encodeURIComponent(basename(path))}`)),
    );
    return { tool, source, module };
  } catch (cause) {
    throw new Error(`Bad tool in ${source}: ${messageOf(cause)}`, { cause });
  }
}

function isPlace(given: ToolSource): given is string | URL {
  return typeof given === "string" || given instanceof URL;
}

/** Returns an absolute path. A relative one counts from the working directory. */
function pathOf(given: string | URL): string {
  if (given === "") throw new Error("The path is empty");
  const url = given instanceof URL || given.startsWith("file:") ? new URL(given) : undefined;
  if (url === undefined) return resolve(given as string);
  if (url.protocol !== "file:") throw new Error(`${url.protocol} URLs cannot be loaded`);
  return fileURLToPath(url);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
