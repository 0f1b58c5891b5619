/** Files beside the code of packages: WebAssembly, and what code reads. It runs in a confined process. */
import { posix } from "node:path";
import type { PackageTree } from "./package-tree.ts";

/** Bytes of a file that a package carries along because its code may read it. */
const MAX_ASSET = 8_388_608;
const MAX_ASSETS = 50;

const NEW_URL = /\bnew\s+URL\(\s*(["'])([^"'\\\n]{1,200})\1\s*,\s*import\.meta\.url\s*\)/g;
const LITERAL = /(["'`])([\w@./-]{1,200}\.\w{1,10})\1/g;
/** Signs that a file's code finds files by its own place. */
const READS = /\b__dirname\b|\bimport\.meta\b/;
const CODE = /\.(?:[cm]?[jt]sx?|map|node)$/;

const TYPES: Readonly<Record<string, string>> = {
  ".wasm": "application/wasm",
  ".json": "application/json",
  ".txt": "text/plain",
  ".html": "text/html",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** Lists the files that the code of a file names, and may read by its place. */
export function assetsIn(text: string, path: string, tree: PackageTree): string[] {
  if (!READS.test(text)) return [];
  const found = new Set<string>();
  for (const [, , literal = ""] of text.matchAll(LITERAL)) {
    // Parts may be joined by "/", as in `__dirname + "/x.wasm"`.
    const asset = posix.join(posix.dirname(path), `./${literal}`);
    if (!CODE.test(asset) && isAsset(asset, tree)) found.add(asset);
    if (found.size === MAX_ASSETS) break;
  }
  return [...found];
}

/** Replaces `new URL("./x.wasm", import.meta.url)` by a `data:` URL of that file. */
export function withAssetUrls(
  text: string,
  path: string,
  tree: PackageTree,
): { readonly text: string; readonly imports: readonly string[] } {
  const imports: string[] = [];
  const replaced = text.replace(NEW_URL, (whole: string, _quote: string, target: string) => {
    const asset = posix.join(posix.dirname(path), target);
    if (CODE.test(asset) || !isAsset(asset, tree)) return whole;
    const name = `_isolate_url_${imports.length}`;
    imports.push(`import ${name} from ${JSON.stringify(`isolate:url${asset}`)};`);
    return `new URL(${name})`;
  });
  return { text: replaced, imports };
}

function isAsset(path: string, tree: PackageTree): boolean {
  return tree.has(path) && tree.bytes(path).length <= MAX_ASSET;
}

/** Module whose default export is a URL with the bytes of a file. */
export function urlModule(path: string, tree: PackageTree): string {
  const type = TYPES[posix.extname(path)] ?? "application/octet-stream";
  const data = Buffer.from(tree.bytes(path)).toString("base64");
  return `export default ${JSON.stringify(`data:${type};base64,${data}`)};`;
}

/** Module that makes a file readable by the packages' `node:fs`. */
export function assetModule(path: string): string {
  return `import bytes from ${JSON.stringify(`isolate:bytes${path}`)};
import { assets } from "isolate:assets/";
assets.set(${JSON.stringify(path)}, bytes);`;
}

/** Module of the files that the packages carry along. */
export const ASSETS_MODULE = `export const assets = new Map();
export const find = (path) => {
  if (assets.size === 0) return undefined;
  const { href, protocol } = path instanceof URL ? path : {};
  if (protocol === "data:") return Uint8Array.from(atob(href.slice(href.indexOf(",") + 1)), (c) => c.charCodeAt(0));
  const name = protocol === "file:" ? decodeURIComponent(path.pathname) : path;
  return typeof name === "string" ? assets.get(name.replace(/\\/(?:\\.\\/)+/g, "/")) : undefined;
};`;

/** Module of the runtime's files for packages: first those that they carry along. */
export function fileSystemModule(name: string): string {
  const isPromises = name === "node:fs/promises";
  return `const real = globalThis.process.getBuiltinModule(${JSON.stringify(name)});
const { find } = require("isolate:assets/");
const { Buffer } = globalThis.process.getBuiltinModule("node:buffer");
const encoded = (bytes, options) => {
  const encoding = typeof options === "string" ? options : options?.encoding;
  return encoding && encoding !== "buffer" ? Buffer.from(bytes).toString(encoding) : Buffer.from(bytes);
};
const promised = (from) => ({
  ...from,
  readFile: async (path, options) => {
    const bytes = find(path);
    return bytes === undefined ? from.readFile(path, options) : encoded(bytes, options);
  },
});
const own = ${isPromises} ? promised(real) : {
  ...real,
  get promises() { return promised(real.promises); },
  existsSync: (path) => find(path) !== undefined || real.existsSync(path),
  readFileSync: (path, options) => {
    const bytes = find(path);
    return bytes === undefined ? real.readFileSync(path, options) : encoded(bytes, options);
  },
  readFile: (path, ...rest) => {
    const bytes = find(path);
    if (bytes === undefined) return real.readFile(path, ...rest);
    const done = rest.at(-1);
    queueMicrotask(() => done(null, encoded(bytes, rest.length > 1 ? rest[0] : undefined)));
  },
};
module.exports = own;`;
}

/**
 * Module of WebAssembly: its bytes by default, and by name its exports. Its imports are modules
 * beside it, as the proposal of ES modules has it.
 *
 * @throws {Error} If the file is no WebAssembly.
 */
export function wasmModule(
  path: string,
  tree: PackageTree,
  canImport: (path: string) => boolean,
): string {
  let compiled: WebAssembly.Module;
  try {
    compiled = new WebAssembly.Module(tree.bytes(path) as BufferSource);
  } catch {
    throw new Error("It is no WebAssembly");
  }
  const modules = [...new Set(WebAssembly.Module.imports(compiled).map(({ module }) => module))];
  const names = WebAssembly.Module.exports(compiled).map(({ name }) => name);
  const bytes = `import bytes from ${JSON.stringify(`isolate:bytes${path}`)};\nexport default bytes;\n`;
  if (!modules.every(canImport)) return bytes;
  const imports = modules.map((module, n) => `import * as m${n} from ${JSON.stringify(module)};`);
  const given = modules.map((module, n) => `[${JSON.stringify(module)}]: m${n}`);
  const exported = names.flatMap((name, n) =>
    name === "default"
      ? []
      : `const e${n} = /* @__PURE__ */ (() => made[${JSON.stringify(name)}])(); export { e${n} as ${JSON.stringify(name)} };`,
  );
  return `${imports.join("\n")}\n${bytes}const made = /* @__PURE__ */ (() => new WebAssembly.Instance(new WebAssembly.Module(bytes), { ${given} }).exports)();\n${exported.join("\n")}`;
}
