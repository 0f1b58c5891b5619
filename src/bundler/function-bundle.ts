import { BadRequest } from "../base/errors.ts";
import { MODULE_NAME } from "../protocol/messages.ts";
import type { FunctionBundle } from "./bundle.ts";
import type { BundleInput } from "./bundle-files.ts";
import type { CheckInput } from "./check-code.ts";
import { check } from "./checker.ts";
import { compile } from "./compiler.ts";
import { FILE_LIMITS } from "./file-limits.ts";
import { bundleWithPackages } from "./packaged-function.ts";
import type { Packages } from "./prebundle.ts";
import { sourceError } from "./source-error.ts";

export type { BundleInput };

export interface BundleRequest extends BundleInput {
  /** Packages that the files may import. Default: none. */
  readonly packages?: Packages | undefined;
  /** Most bytes of the module with its packages. Default 8 MiB. */
  readonly maxBytes?: number | undefined;
}

/**
 * Makes one module of the files of a function; its exports are those of `main`. It may import only
 * these files, the modules of every sandbox (`node:…`, Drizzle), and `packages`. Bundling
 * runs in a confined process with limits of time and memory. Hostile files of some hundred
 * kilobytes can cost a bundler gigabytes.
 *
 * @throws {BadRequest} Naming `files` or `main`, and the line.
 * @throws {HostBusy} If many others wait.
 *
 * @example
 * const files = { "main.ts": 'import { n } from "./n.ts"; export default () => n', "n.ts": "export const n = 1" };
 * await bundleFunction({ files, main: "main.ts" }, "acme");
 */
export async function bundleFunction(
  { packages, maxBytes, ...input }: BundleRequest,
  owner: string,
): Promise<FunctionBundle> {
  assertFiles(input);
  if (packages !== undefined) return bundleWithPackages(input, packages, { owner, maxBytes });
  const output = await compile(owner, { task: "bundle", ...input }, Object.keys(input.files));
  if (!("code" in output)) throw sourceError("files", output, (file) => input.files[file]);
  const { code, map = "", exports } = output;
  // The text is a claim, like all of the answer, and a store keeps no NUL.
  const isMap = map !== "" && map.length <= FILE_LIMITS.map && !map.includes("\0");
  return { code, map: isMap ? map : undefined, exports };
}

/**
 * Checks the only module of a function in the same process: its syntax, and what it imports
 * statically. Resolves with the names of its exports, if all of them are known.
 *
 * @throws {BadRequest} Naming `code`, and the place.
 * @throws {HostBusy} If many others wait.
 */
export async function checkModule(
  input: CheckInput,
  owner: string,
): Promise<Pick<FunctionBundle, "exports">> {
  const output = await check(owner, input);
  if (!("fault" in output)) return { exports: output.exports };
  throw sourceError("code", { ...output, file: MODULE_NAME }, () => input.code);
}

/** @throws {BadRequest} Naming `files` or `main`, if they cannot be those of a function. */
export function assertFiles({ files, main }: BundleInput): void {
  const paths = Object.keys(files);
  if (paths.length > FILE_LIMITS.files) {
    throw new BadRequest("files", `files: ${FILE_LIMITS.files} at most`);
  }
  for (const path of paths) {
    if (isPath(path)) continue;
    const shown = JSON.stringify(path.slice(0, 50));
    throw new BadRequest("files", `files: ${shown} is not a path such as "lib/names.ts"`);
  }
  const bytes = Object.values(files).reduce((sum, each) => sum + Buffer.byteLength(each), 0);
  if (bytes > FILE_LIMITS.bytes) {
    throw new BadRequest("files", `files: ${bytes} bytes exceed the limit of ${FILE_LIMITS.bytes}`);
  }
  if (!Object.hasOwn(files, main)) {
    const shown = JSON.stringify(main.slice(0, 50));
    throw new BadRequest("main", `main: ${shown} is not among the files; name one of them`);
  }
}

/** Tests that a path is relative and in its only spelling. */
function isPath(path: string): boolean {
  if (path.length > FILE_LIMITS.pathLength || path === "__proto__") return false;
  return path.split("/").every((part) => /^[\w@+=-][\w.@+=-]*$/.test(part));
}
