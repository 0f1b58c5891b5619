/** Fields of a plugin that determine its position. */
interface Ordered {
  readonly name: string;
  readonly required?: readonly string[];
}

/**
 * Sorts plugins so that each comes after those it requires, otherwise as given.
 *
 * @throws {Error} that names the plugin, for a name used twice, a missing requirement, or a circle.
 * @example
 * order([{ name: "b", required: ["a"] }, { name: "a" }]).map(({ name }) => name) // ["a", "b"]
 */
export function order<P extends Ordered>(plugins: readonly P[]): P[] {
  const byName = new Map<string, P>();
  for (const plugin of plugins) {
    if (byName.has(plugin.name)) throw new Error(`Two plugins are named "${plugin.name}"`);
    byName.set(plugin.name, plugin);
  }
  const sorted = new Set<P>();
  const visit = (plugin: P, path: readonly string[]): void => {
    if (sorted.has(plugin)) return;
    if (path.includes(plugin.name)) {
      const circle = [...path.slice(path.indexOf(plugin.name)), plugin.name];
      throw new Error(`Plugins require each other in a circle: ${circle.join(" → ")}`);
    }
    for (const name of plugin.required ?? []) {
      const required = byName.get(name);
      if (required === undefined) {
        throw new Error(`Plugin "${plugin.name}" requires "${name}", which is missing`);
      }
      visit(required, [...path, plugin.name]);
    }
    sorted.add(plugin);
  };
  for (const plugin of plugins) visit(plugin, []);
  return [...sorted];
}
