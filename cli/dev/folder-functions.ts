import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { faultOf } from "../code/read-input.ts";
import { CommandError } from "../command/errors.ts";

/** A function of a folder: a file, or a folder with several. */
export interface FolderFunction {
  readonly name: string;
  readonly path: string;
  /** True for `name.http.ts`. */
  readonly isHttp: boolean;
}

const FILE = /^([^.]+)(\.http)?\.(?:[cm]?[jt]s|[jt]sx)$/;
const NAME = /^[A-Za-z0-9][\w-]{0,62}$/;
const LEFT_OUT = new Set(["node_modules"]);

/** Lists the functions of a folder, by name. Names that begin with `_` or `.` are for what they share. */
export async function functionsIn(folder: string): Promise<FolderFunction[]> {
  let entries: Awaited<ReturnType<typeof namesIn>>;
  try {
    entries = await namesIn(folder);
  } catch (error) {
    throw new CommandError(`${folder} cannot be read: ${faultOf(error)}`);
  }
  const found = entries.flatMap((entry): FolderFunction[] => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const [, name = "", http] = /^([^.]+)(\.http)?$/.exec(entry.name) ?? [];
      const isFunction = NAME.test(name) && !LEFT_OUT.has(name);
      return isFunction ? [{ name, path, isHttp: http !== undefined }] : [];
    }
    const [, name = "", http] = FILE.exec(entry.name) ?? [];
    return entry.isFile() && NAME.test(name) ? [{ name, path, isHttp: http !== undefined }] : [];
  });
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function namesIn(folder: string) {
  return readdir(folder, { withFileTypes: true });
}
