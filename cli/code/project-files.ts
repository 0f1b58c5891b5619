import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { CommandError } from "../command/errors.ts";
import { faultOf } from "./read-input.ts";
import { importsOf } from "./relative-imports.ts";

/** Endings of files that are sent of a folder. A file that another one imports may have any. */
const SENT = /\.(?:[cm]?[jt]s|[jt]sx|jsonc?)$/;
const LEFT_OUT = new Set(["node_modules", "package-lock.json"]);
const MOST_FILES = 200;
const MAINS = ["main.ts", "main.js", "main.mjs", "index.ts", "index.js", "mod.ts"];

/** Path → text of what is deployed, and the file among them that is called. */
export interface Project {
  readonly files: Readonly<Record<string, string>>;
  readonly main: string;
  readonly folder: string;
}

/** Reads a file with those that it imports by relative paths, or a folder with all its sources. */
export async function readProject(path: string, main?: string): Promise<Project> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${faultOf(error)}`);
  }
  if (isFolder) return readFolder(path, main);
  const files = await readImported(path);
  const folder = commonFolder([...files.keys()]);
  const named = [...files].map(([file, text]) => [inside(folder, file), text]);
  return { folder, files: Object.fromEntries(named), main: inside(folder, resolve(path)) };
}

async function readFolder(folder: string, main: string | undefined): Promise<Project> {
  const paths = (await sourcesBelow(folder)).sort();
  if (paths.length > MOST_FILES) {
    throw new CommandError(
      `${folder} has ${paths.length} sources, and a function at most ${MOST_FILES}`,
    );
  }
  const chosen = main ?? MAINS.find((name) => paths.includes(name));
  if (chosen === undefined || !paths.includes(chosen)) {
    const looked = main ?? MAINS.join(", ");
    throw new CommandError(`${folder} has no ${looked}: name the file that is called by --main`);
  }
  const entries = paths.map(async (path) => [path, await readFile(join(folder, path), "utf8")]);
  return { folder, files: Object.fromEntries(await Promise.all(entries)), main: chosen };
}

/** Lists sources below a folder, without hidden ones and links, whose targets may be anywhere. */
async function sourcesBelow(folder: string, below = ""): Promise<string[]> {
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith(".") || LEFT_OUT.has(entry.name)) continue;
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await sourcesBelow(folder, path)));
    else if (entry.isFile() && SENT.test(entry.name)) found.push(path);
    if (found.length > 10 * MOST_FILES) break;
  }
  return found;
}

/** Reads a file and, in turn, those that it imports by relative paths. */
async function readImported(path: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const open = [resolve(path)];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (files.has(file)) continue;
    if (files.size === MOST_FILES)
      throw new CommandError(`${path} imports more than ${MOST_FILES} files`);
    let text: string;
    try {
      text = await readFile(file, "utf8");
    } catch (error) {
      throw new CommandError(`${file} cannot be read: ${faultOf(error)}`);
    }
    files.set(file, text);
    open.push(...(await importsOf(file, text)));
  }
  return files;
}

/** Returns the deepest folder that has all files. */
function commonFolder(files: readonly string[]): string {
  let folder = dirname(files[0] ?? "");
  while (files.some((file) => relative(folder, file).startsWith(".."))) folder = dirname(folder);
  return folder;
}

function inside(folder: string, file: string): string {
  return relative(folder, file).split(sep).join("/") || basename(file);
}
