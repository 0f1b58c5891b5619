/** The compiler of packages in a confined process: esbuild as WebAssembly, without any files. */
import * as esbuild from "esbuild-wasm/esm/browser.js";
import type { MakeHandler } from "../confined-process/entry.ts";
import { fromArchive } from "./package-archive.ts";
import { PackageTree } from "./package-tree.ts";
import { type PrebundleInput, prebundlePackages } from "./prebundle-packages.ts";

/** Packages that warm up the compiler, because its first compilation takes ten times as long. */
const PRACTICE = {
  "node_modules/a/package.json": '{"type":"module","exports":{".":"./a.js"},"sideEffects":false}',
  "node_modules/a/a.js":
    'import b from "./b.cjs"; export class C { d = b?.c ?? 1; async e(f) { for (const { g } of f) await g(f, `a`); } }',
  "node_modules/a/b.cjs": 'const p = require("path"); exports.c = (...a) => ({ ...p, [a]: /x/u });',
};

const make: MakeHandler = async ([wasm]) => {
  const wasmModule = await WebAssembly.compile(wasm as BufferSource);
  await esbuild.initialize({ wasmModule, worker: false });
  const encoder = new TextEncoder();
  const practice = Object.entries(PRACTICE).map(
    ([path, text]) => [path, encoder.encode(text)] as const,
  );
  const need = {
    specifier: "a",
    written: "a",
    kind: "import",
    names: ["C"],
    whole: false,
    star: false,
  } as const;
  await prebundlePackages(
    esbuild,
    { needs: [need], maxBytes: 1_048_576 },
    new PackageTree(new Map(practice)),
  );
  return async (input, archive) => {
    const tree = new PackageTree(fromArchive(archive));
    const made = await prebundlePackages(esbuild, input as PrebundleInput, tree);
    if (!("code" in made)) return { answer: made };
    const { code, map, ...facts } = made;
    const codeBytes = encoder.encode(code).length;
    return { answer: { ...facts, codeBytes }, payload: encoder.encode(`${code}${map}`) };
  };
};

export default make;
