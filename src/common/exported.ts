/**
 * Finds the tool that a module exports: its default export, or the only export that can be a tool.
 * A function is called to make the tool. It runs on the host and in every sandbox.
 *
 * @throws {Error} If there is none, or more than one.
 *
 * @example
 * exportedTool({ VERSION: 2, clock: () => ({ name: "clock" }) }) // { name: "clock" }
 */
export function exportedTool(exported: Readonly<Record<string, unknown>>): unknown {
  const found = Object.hasOwn(exported, "default") ? exported.default : onlyCandidate(exported);
  return typeof found === "function" ? found() : found;
}

function onlyCandidate(exported: Readonly<Record<string, unknown>>): unknown {
  const names = Object.keys(exported).filter((name) => isCandidate(exported[name]));
  const [name, ...others] = names;
  if (name === undefined) throw new Error("It exports no tool, and no function that makes one");
  if (others.length > 0) {
    const all = names.join(", ");
    throw new Error(`It has no default export, and several that may be the tool: ${all}`);
  }
  return exported[name];
}

function isCandidate(value: unknown): boolean {
  if (typeof value === "function") return true;
  return typeof value === "object" && value !== null && "setup" in value;
}
