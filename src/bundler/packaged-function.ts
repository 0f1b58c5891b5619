import { BadRequest } from "../base/errors.ts";
import type { BundleInput } from "./bundle-files.ts";
import { compile, findNeeds } from "./compiler.ts";
import { FILE_LIMITS } from "./file-limits.ts";
import { placeOfImport } from "./import-place.ts";
import { linkedBundle } from "./linked-bundle.ts";
import type { Need } from "./package-needs.ts";
import { type Packages, prebundle } from "./prebundle.ts";
import { type SourceFault, sourceError } from "./source-error.ts";

const MAX_BYTES = 8_388_608;

interface Options {
  readonly owner: string;
  readonly maxBytes?: number | undefined;
}

interface Packaged {
  readonly code: string;
  readonly map: string | undefined;
  readonly exports: readonly string[] | undefined;
}

/**
 * Bundles files with the packages that they import. It finds out what they need of these, and takes a
 * bundle of that from the cache or makes it. Then it bundles the files, and joins both.
 *
 * @throws {BadRequest} Naming `files`, and a file of these or of a package.
 */
export async function bundleWithPackages(
  input: BundleInput,
  packages: Packages,
  { owner, maxBytes = MAX_BYTES }: Options,
): Promise<Packaged> {
  const refused = (fault: SourceFault) => sourceError("files", fault, (file) => input.files[file]);
  const { dependencies } = packages;
  const found = await findNeeds(owner, { ...input, packages: { dependencies } });
  if ("fault" in found) throw refused(found);
  const { needs } = found;
  const bundled =
    needs.length === 0 ? undefined : await prebundle(packages, { needs, maxBytes, tenant: owner });
  if (bundled !== undefined && "fault" in bundled) {
    const need = needs[bundled.need ?? -1];
    throw refused({ fault: bundled.fault, ...(need && placeOfImport(need, input.files)) });
  }
  const entries = bundled?.facts.entries ?? [];
  for (const [n, need] of needs.entries()) {
    const name = entries[n]?.missing[0];
    if (name === undefined) continue;
    const fault = `There is no export "${name}" in "${need.written}"`;
    throw refused({ fault, ...placeOfImport(need, input.files, name) });
  }
  const linked = { needs, entries, globals: bundled?.facts.globals ?? [] };
  const task = { task: "bundle", ...input, packages: { dependencies, linked } } as const;
  const output = await compile(owner, task, Object.keys(input.files));
  if (!("code" in output)) throw refused(output);
  const own = { code: output.code, map: mapOf(output.map) };
  const { code, map } = bundled ? linkedBundle(bundled, own, output.shadowed ?? []) : own;
  const bytes = Buffer.byteLength(code);
  if (bytes > maxBytes) {
    const fault = `files: Bundled with their packages, they have ${bytes} bytes, and ${maxBytes} are allowed`;
    throw new BadRequest("files", fault);
  }
  // A store keeps no NUL.
  return { code, map: map?.includes("\0") ? undefined : map, exports: output.exports };
}

function mapOf(map = ""): string | undefined {
  return map.length <= FILE_LIMITS.map ? map : undefined;
}

/** Lists the packages that code imports, as it writes them. `isStatic` leaves out those that it imports when it runs. */
export async function importedPackages(
  source: BundleInput | { readonly code: string },
  owner: string,
  isStatic = false,
): Promise<string[]> {
  const isModule = "code" in source;
  const input = isModule
    ? { files: { "main.ts": source.code }, main: "main.ts", anyLanguage: true }
    : source;
  const found = await findNeeds(owner, { ...input, packages: {} });
  if ("needs" in found) {
    const needs = found.needs.filter(({ kind }: Need) => !isStatic || kind === "import");
    return [...new Set(needs.map(({ written }) => written))];
  }
  // A module alone is checked by the runtime's own parser, which tells its faults.
  if (isModule) return [];
  throw sourceError("files", found, (file) => input.files[file]);
}
