/** Files beside the code of packages: WebAssembly, and what code reads. It runs in a confined process. */
import { posix } from "node:path";
import type { PackageTree } from "./package-tree.ts";

/** Most bytes of a file in a URL. */
const MAX_ASSET = 8_388_608;

const NEW_URL =
  /(\bfetch\(\s*)?\bnew\s+URL\(\s*(["'])([^"'\\\n]{1,200})\2\s*,\s*import\.meta\.url\s*\)/g;
/** Signs that a file's code reads such a file, where the runtime is like Node. */
const READS = /\bfileURLToPath\b|\breadFile/;
const CODE = /\.(?:[cm]?[jt]sx?|map|node)$/;

const TYPES: Readonly<Record<string, string>> = {
  ".wasm": "application/wasm",
  ".json": "application/json",
  ".txt": "text/plain",
  ".html": "text/html",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/**
 * Replaces `new URL("./x.wasm", import.meta.url)` by a `data:` URL of that file, which `fetch()` takes. Code that reads
 * files gets the file's own URL.
 */
export function withAssetUrls(
  text: string,
  path: string,
  tree: PackageTree,
): { readonly text: string; readonly imports: readonly string[] } {
  const imports: string[] = [];
  const isRead = READS.test(text);
  const replaced = text.replace(
    NEW_URL,
    (whole: string, fetching = "", _quote = "", target = "") => {
      if (isRead && fetching === "") return whole;
      const asset = posix.join(posix.dirname(path), target);
      if (CODE.test(asset) || !isAsset(asset, tree)) return whole;
      const name = `_isolate_url_${imports.length}`;
      imports.push(`import ${name} from ${JSON.stringify(`isolate:url${asset}`)};`);
      return `${fetching}new URL(${name})`;
    },
  );
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
