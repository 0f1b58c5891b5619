/**
 * The tool a module exports: its default export or, without one, its only export that can be a
 * tool, called if it is a function. Throws an Error if there is none or more than one. It runs on
 * the host and in every sandbox.
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
