/** Endings of files that code may import, besides sources of other languages. */
const CODE = /\.(?:[cm]?js|json|wasm|txt)$/i;
/** Endings of sources that only run if nothing else is there. */
const SOURCES = /(?<!\.d)\.(?:[cm]?ts|tsx|jsx)$/i;
const DECLARATIONS = /\.d\.(?:[^/]+\.)?[cm]?ts$/i;
const NATIVE = /\.node$/i;

/** Fields of a package.json that tell how it is imported, and its licence. */
const FIELDS = [
  "name",
  "version",
  "type",
  "main",
  "module",
  "browser",
  "exports",
  "imports",
  "sideEffects",
  "license",
];

const MAX_MANIFEST = 1_048_576;

/** Tells whether a package has native code: a file that is it, or a recipe to build it. */
export function hasNativeCode(files: ReadonlyMap<string, unknown>): boolean {
  return files.has("binding.gyp") || [...files.keys()].some((path) => NATIVE.test(path));
}

/**
 * Picks the files of a package that code can import. Declarations, maps and pages are left out, and so is what it has
 * bundled of other packages, because the lock has them all.
 */
export function packageFiles(files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  const own = [...files].filter(([path]) => !path.split("/").includes("node_modules"));
  const code = own.filter(([path]) => CODE.test(path));
  const isPlain = code.some(([path]) => !path.endsWith("package.json"));
  const kept = isPlain ? code : own.filter(([path]) => CODE.test(path) || isSource(path));
  return new Map(
    kept
      .map(([path, bytes]): [string, Uint8Array] => [
        path,
        isManifest(path) ? reduced(bytes) : bytes,
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function isSource(path: string): boolean {
  return SOURCES.test(path) && !DECLARATIONS.test(path);
}

function isManifest(path: string): boolean {
  return path === "package.json" || path.endsWith("/package.json");
}

/** Reduces a package.json. One that is no JSON object becomes an empty one. */
function reduced(bytes: Uint8Array): Uint8Array {
  const fields = bytes.length > MAX_MANIFEST ? undefined : parsed(new TextDecoder().decode(bytes));
  const kept = FIELDS.filter((name) => fields !== undefined && Object.hasOwn(fields, name));
  const text = JSON.stringify(Object.fromEntries(kept.map((name) => [name, fields?.[name]])));
  return new TextEncoder().encode(text);
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isFields = typeof value === "object" && value !== null && !Array.isArray(value);
    return isFields ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
