/** Programs of tests/packages: what they are, and what plain Deno makes of them. */
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { denoBinary } from "../../src/deno/deno.ts";

/** Folder of the programs and of the packages that they import. */
export const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const FLAGS = ["run", "--allow-all", "--deny-net", "--no-lock", "--no-check", "--no-config"];

/** A program by the name of the package that it shows. */
export interface Program {
  readonly name: string;
  readonly code: string;
  /** Packages that it imports → exact version. */
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Result of a program, or the text of its failure. */
export type Run = readonly [result: unknown, failure: string | null];

export async function readVersions(): Promise<Readonly<Record<string, string>>> {
  return JSON.parse(await readFile(join(FOLDER, "package.json"), "utf8")).dependencies;
}

/** Reads the programs of a folder, in the order of their names. */
export async function readPrograms(folder: string): Promise<Program[]> {
  const versions = await readVersions();
  const paths = await readdir(join(FOLDER, folder), { recursive: true });
  const files = paths.filter((path) => path.endsWith(".ts")).sort();
  return Promise.all(
    files.map(async (path) => {
      const code = await readFile(join(FOLDER, folder, path), "utf8");
      const used = Object.entries(versions).filter(([name]) =>
        new RegExp(`(from|import) "${name.replace(/\./g, "\\.")}(/[^"]*)?"`).test(code),
      );
      return { name: path.slice(0, -3), code, dependencies: Object.fromEntries(used) };
    }),
  );
}

/** Runs programs in one process of plain Deno, with the installed packages. */
export async function runPlainly(folder: string, names: readonly string[]): Promise<Run[]> {
  const paths = names.map((name) => join(FOLDER, folder, `${name}.ts`));
  const args = [
    ...FLAGS,
    "--quiet",
    "--node-modules-dir=manual",
    join(FOLDER, "reference.deno.js"),
  ];
  const env = { NO_COLOR: "1", TZ: "UTC", HOME: tmpdir() };
  const options = { cwd: FOLDER, env, maxBuffer: 2 ** 26 };
  const { stdout } = await promisify(execFile)(denoBinary(), [...args, ...paths], options);
  return JSON.parse(stdout.slice(stdout.lastIndexOf("\n[") + 1)) as Run[];
}
