/**
 * Text of the module that stands for `node:fs` in packages. Everything else than reads below `/node_modules` goes on to
 * `node:fs`, with its permissions.
 */
export const FILES_MODULE_TEXT = `
const real = globalThis.process.getBuiltinModule("node:fs");
const { posix } = globalThis.process.getBuiltinModule("node:path");
const { Readable } = globalThis.process.getBuiltinModule("node:stream");
const { Buffer } = globalThis.process.getBuiltinModule("node:buffer");

const files = new Map();
const folders = new Map();

function add(path, bytes) {
  files.set(path, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  for (let child = path, parent; (parent = posix.dirname(child)) !== child; child = parent) {
    if (!folders.has(parent)) folders.set(parent, new Set());
    folders.get(parent).add(posix.basename(child));
  }
}

/** Path of a package's file, or nothing for other paths. */
function own(path) {
  if (path instanceof URL) {
    if (path.protocol !== "file:") return undefined;
    path = decodeURIComponent(path.pathname);
  }
  if (path instanceof Uint8Array) path = Buffer.from(path).toString();
  if (typeof path !== "string" || !path.includes("node_modules")) return undefined;
  const whole = posix.resolve("/", path);
  return whole === "/node_modules" || whole.startsWith("/node_modules/") ? whole : undefined;
}

function failure(code, errno, words, syscall, path) {
  const [, name = path] = /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(path) ?? [];
  const text = code + ": " + words + ", " + syscall + " '" + path + "'";
  const advice = path.startsWith("/node_modules/") && code === "ENOENT"
    ? " (the bundle has no such file of the package " + name + ")" : "";
  return Object.assign(new Error(text + advice), { errno, code, syscall, path });
}
const missing = (path, syscall) => failure("ENOENT", -2, "no such file or directory", syscall, path);

function read(path, options) {
  if (folders.has(path) && !files.has(path)) {
    throw failure("EISDIR", -21, "illegal operation on a directory", "read", path);
  }
  if (!files.has(path)) throw missing(path, "open");
  // A copy, because the reader may write to it.
  const bytes = Buffer.from(files.get(path));
  const encoding = typeof options === "string" ? options : options?.encoding;
  return encoding && encoding !== "buffer" ? bytes.toString(encoding) : bytes;
}

function stat(path, options, syscall = "stat") {
  const isFile = files.has(path);
  if (!isFile && !folders.has(path)) {
    if (options?.throwIfNoEntry === false) return undefined;
    throw missing(path, syscall);
  }
  const length = files.get(path)?.length ?? 0;
  const size = options?.bigint ? BigInt(length) : length;
  const epoch = new Date(0);
  const no = () => false;
  return {
    size, mode: isFile ? 0o100444 : 0o40555, mtime: epoch, ctime: epoch, atime: epoch, birthtime: epoch, mtimeMs: 0,
    isFile: () => isFile, isDirectory: () => !isFile, isSymbolicLink: no, isFIFO: no, isSocket: no,
    isBlockDevice: no, isCharacterDevice: no,
  };
}

function list(path, options) {
  if (!folders.has(path)) throw missing(path, "scandir");
  const names = [...folders.get(path)].sort();
  if (!options?.withFileTypes) return names;
  return names.map((name) => Object.assign(stat(path + "/" + name), { name, parentPath: path, path }));
}

function access(path) {
  stat(path, undefined, "access");
}

const realpath = (path) => {
  stat(path, undefined, "realpath");
  return path;
};

const reads = { readFile: read, stat, lstat: stat, readdir: list, access, realpath };
const wrapped = { ...real };
const promises = { ...real.promises };

/** A file that may not be read is none to packages, which know no other refusal. */
function refused(error, name, path) {
  if (error?.name !== "NotCapable") return error;
  const syscall = { readFile: "open", readdir: "scandir" }[name] ?? name;
  return Object.assign(missing(String(path), syscall), { cause: error });
}
for (const [name, answer] of Object.entries(reads)) {
  wrapped[name + "Sync"] = (path, ...rest) => {
    const file = own(path);
    if (file !== undefined) return answer(file, ...rest);
    try {
      return real[name + "Sync"](path, ...rest);
    } catch (error) {
      if (rest[0]?.throwIfNoEntry === false && error?.name === "NotCapable") return undefined;
      throw refused(error, name, path);
    }
  };
  promises[name] = async (path, ...rest) => {
    const file = own(path);
    if (file !== undefined) return answer(file, ...rest);
    return real.promises[name](path, ...rest).catch((error) => {
      throw refused(error, name, path);
    });
  };
  wrapped[name] = (path, ...rest) => {
    const callback = rest.pop();
    // In a turn of its own, so that what it throws rejects nothing.
    const give = (...results) => queueMicrotask(() => callback(...results));
    if (typeof callback !== "function") return real[name](path, ...rest, callback);
    promises[name](path, ...rest).then((result) => give(null, result), give);
  };
}
for (const name of ["realpath", "realpathSync"]) wrapped[name].native = wrapped[name];
wrapped.promises = promises;
wrapped.existsSync = (path) => {
  try {
    wrapped.accessSync(path);
    return true;
  } catch {
    return false;
  }
};
wrapped.exists = (path, callback) => {
  const found = wrapped.existsSync(path);
  queueMicrotask(() => callback(found));
};
wrapped.createReadStream = (path, options) => {
  const file = own(path);
  if (file === undefined) return real.createReadStream(path, options);
  const { start = 0, end = Infinity } = options ?? {};
  const encoding = typeof options === "string" ? options : options?.encoding;
  const chunks = async function* () {
    yield read(file).subarray(start, end + 1);
  };
  return Readable.from(chunks(), { objectMode: false, ...(encoding && { encoding }) });
};

const modules = globalThis.process.getBuiltinModule("node:module");

/** Requires modules of the runtime, and JSON files of packages. No other file is there at run time. */
function createRequire(place) {
  const from = own(String(place).startsWith("file:") ? new URL(place) : place);
  if (from === undefined) return modules.createRequire(place);
  const find = (name) => {
    if (modules.isBuiltin(name)) return name;
    const path = /^[./]/.test(name) ? posix.resolve(posix.dirname(from), name) : "/node_modules/" + name;
    const found = [path, path + ".json"].find((file) => files.has(file));
    if (found !== undefined) return found;
    const [, asking] = /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(from) ?? [];
    const text = "Cannot find module '" + name + "' (the package " + asking + " requires it by a name that only runs tell)";
    throw Object.assign(new Error(text), { code: "MODULE_NOT_FOUND", requireStack: [from] });
  };
  const require = (name) => {
    const found = find(name);
    if (modules.isBuiltin(found)) return globalThis.process.getBuiltinModule(found);
    if (found.endsWith(".json")) return JSON.parse(read(found, "utf8"));
    throw failure("ERR_UNKNOWN_FILE_EXTENSION", undefined, "no code", "require", found);
  };
  return Object.assign(require, { resolve: find, cache: {}, main: undefined, extensions: {} });
}
wrapped.modules = Object.assign(function Module(...args) {
  return Reflect.construct(modules, args);
}, modules, { createRequire, prototype: modules.prototype });
wrapped.modules.Module = wrapped.modules;
wrapped.add = add;
module.exports = wrapped;
`;
