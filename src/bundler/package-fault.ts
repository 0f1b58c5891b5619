/** Describes why packages cannot be bundled. It runs in a confined process. */
import type * as Esbuild from "esbuild-wasm";
import { nativeFault } from "../base/native-packages.ts";
import type { Fault } from "./bundle-fault.ts";
import type { Need } from "./package-needs.ts";
import { needOfLine } from "./prebundle-entry.ts";

/** Fault in packages. */
export interface FaultOfPackages extends Fault {
  /** Index of the need whose module cannot be found. */
  readonly need?: number;
}

const MAX_FAULT = 1_000;

/** Text about an import of native code that is not there. */
const NATIVE = /^Could not resolve .*\.node"\)?$/;

/** Mark of an ES module at the end of a file's name, as the bundler sees it. */
export const ESM_MARK = "?.mjs";

/** Takes the first error. Its file is that of a package, by its path from the directory of all. */
export function packagesFault(
  { errors }: Esbuild.BuildFailure,
  needs: readonly Need[],
): FaultOfPackages {
  const first = errors.find(({ location }) => location !== null) ?? errors[0];
  const fault = plainNames(first?.text ?? "").slice(0, MAX_FAULT);
  if (!first?.location) return { fault };
  const { file, line, column } = first.location;
  const need = /^entry:/.test(file) ? needOfLine(line) : -1;
  if (needs[need] !== undefined) return { fault, need };
  if (NATIVE.test(fault)) {
    const name = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(plainNames(file))?.[1] ?? "";
    return { fault: `${plainNames(file)}:${line}: ${nativeFault(JSON.stringify(name), name)}` };
  }
  return { fault: `${plainNames(file)}:${line}:${column + 1}: ${fault}` };
}

/** Turns the bundler's names of files into paths. */
export function plainNames(text: string): string {
  return text.replaceAll(ESM_MARK, "").replace(/\b(?:package|isolate):\/?/g, "");
}
