import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { config } from "../../src/config/config.ts";
import type { ToolUse } from "../../src/protocol/messages.ts";
import { loadTools } from "../../src/tools/load.ts";
import { resolveTools } from "../../src/tools/registry.ts";

/** Returns the path of a tool in examples/. */
export function exampleTool(file: string): string {
  return fileURLToPath(new URL(`../../examples/tools/${file}`, import.meta.url));
}

/** Loads tools from modules, each a path or source text, as the kernel does. */
export async function customTools(...modules: readonly string[]): Promise<ToolUse[]> {
  const directory = await mkdtemp(join(tmpdir(), "isolate-tools-"));
  const paths: string[] = [];
  for (const [index, module] of modules.entries()) {
    const isPath = module.startsWith("/");
    const path = isPath ? module : join(directory, `tool-${index}.ts`);
    if (!isPath) await writeFile(path, module);
    paths.push(path);
  }
  const tools = await loadTools(paths);
  await rm(directory, { recursive: true });
  const names = tools.map(({ tool }) => tool.name);
  return resolveTools(names, config(), tools);
}
