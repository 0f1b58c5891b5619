/**
 * Files that npm's libraries see: a directory with a package.json and nothing else. They take the place of the
 * modules `fs` and `fs/promises`, because the process may read and write no file.
 */
type Any = (...args: readonly unknown[]) => unknown;

/** Directory of the project that is resolved. */
export const PROJECT = "/project";
const DIRECTORIES = ["/", PROJECT];

let manifest = "{}";

/** Sets the text of the package.json. */
export function setManifest(text: string): void {
  manifest = text;
}

const FOUND: Readonly<Record<string, Any>> = {
  readFile: (path) => (path === `${PROJECT}/package.json` ? manifest : missing(path)),
  lstat: (path) => (DIRECTORIES.includes(String(path)) ? DIRECTORY : missing(path)),
  // Read to find the C library of this host, where packages for one could run.
  readFileSync: () => "GNU C Library",
};

const DIRECTORY = {
  isDirectory: () => true,
  isFile: () => false,
  isSymbolicLink: () => false,
};

/** Stand-in for `fs/promises`. */
export const promises = standIn(
  (found) =>
    async (...args) =>
      found(...args),
);
/** Stand-in for `fs`. */
export const files = standIn((found) => found, { promises, constants: {} });

/** Answers each name with a function, which finds nothing by default. */
function standIn(wrap: (found: Any) => Any, own: object = {}): object {
  return new Proxy(own, {
    get: (target, name) =>
      Reflect.get(target, name) ?? wrap(FOUND[String(name)] ?? ((path) => missing(path))),
  });
}

function missing(path: unknown): never {
  throw Object.assign(new Error(`There is no file ${String(path)}`), { code: "ENOENT" });
}
