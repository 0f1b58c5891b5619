/** The compiler in a confined process: esbuild as WebAssembly, without any files. */
import * as esbuild from "esbuild-wasm/esm/browser.js";
import type { MakeHandler } from "../confined-process/entry.ts";
import { bundleFiles, type FilesInput } from "./bundle-files.ts";
import { composeType } from "./compose-type.ts";
import { asModule } from "./expression.ts";

export type Task =
  /** Bundles files. With `isType`, `main` may have any form of a type's code. */
  | (FilesInput & { readonly task: "bundle"; readonly isType?: boolean })
  /** Finds the packages that files import. */
  | (FilesInput & { readonly task: "needs" })
  | { readonly task: "compose"; readonly code: string };

/** Code that warms up the compiler, because its first compilation takes ten times as long. */
const PRACTICE = {
  files: {
    "main.ts":
      'import { b } from "./b.ts"; export default async (c: B[]) => { class D { e = b?.c ?? 1; } };',
    "b.ts": "export enum B { c = 1 } export const b = { ...[B.c] };",
  },
  main: "main.ts",
};

const make: MakeHandler = async ([wasm, entry]) => {
  const wasmModule = await WebAssembly.compile(wasm as BufferSource);
  await esbuild.initialize({ wasmModule, worker: false });
  await bundleFiles(esbuild, PRACTICE);
  const around = new TextDecoder().decode(entry);
  return async (input) => {
    const output = await compile(input as Task, around);
    if (!("code" in output)) return { answer: output };
    if ("needs" in output) return { answer: { needs: output.needs } };
    const { code, ...answer } = output;
    if (!("map" in answer)) return { answer, payload: new TextEncoder().encode(code) };
    const { map, ...facts } = answer;
    const encoder = new TextEncoder();
    const codeBytes = encoder.encode(code).length;
    return { answer: { ...facts, codeBytes }, payload: encoder.encode(`${code}${map}`) };
  };
};

export default make;

function compile(task: Task, around: string) {
  if (task.task === "compose") return composeType(esbuild, task.code, around);
  const { files, main, anyLanguage, packages } = task;
  const given =
    "isType" in task && task.isType ? { ...files, [main]: asModule(files[main] ?? "") } : files;
  return bundleFiles(esbuild, { files: given, main, anyLanguage, packages });
}
