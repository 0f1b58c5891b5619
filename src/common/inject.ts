/** Origin of a name on an object, with the property that `provide` replaced, for `reset`. */
type Entry = { permanent: true } | { permanent: false; previous: PropertyDescriptor | undefined };

const registries = new WeakMap<object, Map<string, Entry>>();

/**
 * Defines a global for good: enumerable, not writable and not configurable. Nothing can change or
 * remove it, not even `reset`.
 *
 * @throws {Error} If the name is already injected or provided, or is a property that cannot be
 * replaced.
 *
 * @example
 * const globals = {};
 * inject(globals, "API_KEY", "secret");
 * globals.API_KEY // "secret"
 */
export function inject(globals: object, name: string, value: unknown): void {
  assertFree(globals, name);
  define(globals, name, value, { permanent: true });
}

/**
 * Defines several globals, all or none: enumerable and not writable, but configurable, because
 * `reset` has to remove them. For that reason, code that shares the object can delete or redefine
 * them, too. Use `inject` for values that code must not change.
 *
 * @throws {Error} If a name is already injected or provided, or cannot be replaced.
 *
 * @example
 * const globals = {};
 * provide(globals, { foo: 1, bar: 2 });
 * globals // { foo: 1, bar: 2 }
 */
export function provide(globals: object, values: Readonly<Record<string, unknown>>): void {
  for (const name of Object.keys(values)) assertFree(globals, name);
  for (const [name, value] of Object.entries(values)) {
    const previous = Object.getOwnPropertyDescriptor(globals, name);
    define(globals, name, value, { permanent: false, previous });
  }
}

/**
 * Removes the globals that `provide` defined, except the names to keep, and restores the properties
 * they replaced. Other names stay: built-ins, those that others defined, and those of `inject`.
 *
 * @throws {Error} Naming those that code has made permanent, after removing the rest.
 *
 * @example
 * const globals = { foo: "before" };
 * provide(globals, { crypto: "safe", foo: 1, bar: 2 });
 * reset(globals, ["crypto"]);
 * globals // { crypto: "safe", foo: "before" }
 */
export function reset(globals: object, keep: readonly string[] = []): void {
  const registry = registryOf(globals);
  const stuck: string[] = [];
  for (const [name, entry] of registry) {
    if (entry.permanent || keep.includes(name)) continue;
    const removed = Reflect.deleteProperty(globals, name);
    if (removed) registry.delete(name);
    else stuck.push(`"${name}"`);
    if (removed && entry.previous) Object.defineProperty(globals, name, entry.previous);
  }
  if (stuck.length > 0) throw new Error(`Cannot be removed any more: ${stuck.join(", ")}`);
}

function assertFree(globals: object, name: string): void {
  if (registryOf(globals).has(name)) throw new Error(`"${name}" is already injected`);
  const present = Object.getOwnPropertyDescriptor(globals, name);
  if (present ? !present.configurable : !Object.isExtensible(globals)) {
    throw new Error(`"${name}" cannot be injected: the object does not allow it`);
  }
}

function define(globals: object, name: string, value: unknown, entry: Entry): void {
  const configurable = !entry.permanent;
  Object.defineProperty(globals, name, { value, enumerable: true, writable: false, configurable });
  registryOf(globals).set(name, entry);
}

function registryOf(globals: object): Map<string, Entry> {
  const registry = registries.get(globals) ?? new Map<string, Entry>();
  registries.set(globals, registry);
  return registry;
}
