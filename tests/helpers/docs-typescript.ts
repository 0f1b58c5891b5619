import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { fencesOf } from "./markdown.ts";
import { type Page, ROOT } from "./pages.ts";

const run = promisify(execFile);
const PACKAGES = ["drizzle-orm", "@types", "undici-types", "ipaddr.js", "esbuild", ".bin"];

/** Runs programs, each in its own folder, and prints the list of their outputs. */
const DRIVER = `import { dirname } from "node:path";
import { format } from "node:util";
const outputs = [];
for (const program of process.argv.slice(2)) {
  const lines = [];
  console.log = (...values) => lines.push(format(...values) + "\\n");
  process.chdir(dirname(program));
  try { await import(program); } catch (error) { lines.push(String(error?.stack ?? error)); }
  outputs.push(lines.join(""));
}
process.stdout.write(JSON.stringify(outputs));
`;

/** A piece of TypeScript in a page. */
export interface DocsProgram {
  /** Page and line. */
  readonly at: string;
  readonly text: string;
  /** Name that the page gives it. It is imported by others, and not run. */
  readonly file: string | undefined;
  /** Lines that it prints, according to its comments behind `console.log`. */
  readonly printed: string;
}

/**
 * Lists the programs of a page. Code for sandboxes is left out, because it has globals of its own.
 */
export function programsOf({ path, text }: Page): DocsProgram[] {
  return fencesOf(text)
    .filter(({ info, note }) => info === "ts" && !note?.startsWith("sandbox: "))
    .map(({ text: program, note, line }) => ({
      at: `${path}:${line}`,
      text: program,
      file: /^file: (.*)$/.exec(note ?? "")?.[1],
      printed: [...program.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)]
        .map(([, shown]) => shown)
        .join("\n"),
    }));
}

/** A directory in which programs of a page find their packages. */
export class DocsProject {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(): Promise<DocsProject> {
    const directory = await mkdtemp(join(tmpdir(), "isolate-docs-"));
    await mkdir(join(directory, "node_modules"));
    await symlink(ROOT, join(directory, "node_modules/isolate"));
    for (const name of PACKAGES) {
      await symlink(join(ROOT, "node_modules", name), join(directory, "node_modules", name));
    }
    await writeFile(join(directory, "package.json"), '{ "type": "module", "private": true }');
    return new DocsProject(directory);
  }

  async write(name: string, text: string): Promise<void> {
    const path = join(this.directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  /** Runs a file of the directory, in its own folder. Resolves with its output. */
  async run(name: string, env: Record<string, string> = {}): Promise<string> {
    const path = join(this.directory, name);
    const program = `${path}.mjs`;
    await this.#bundle({ [name]: path });
    const { stdout } = await run(process.execPath, [program], {
      cwd: dirname(path),
      env: { ...process.env, ...env },
    });
    return stdout;
  }

  /**
   * Runs files one after the other in one process, because the library's modules are most of what a process takes. Resolves
   * with the output of each, or with its failure.
   */
  async runAll(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    await this.#bundle(Object.fromEntries(names.map((name) => [name, join(this.directory, name)])));
    const driver = join(this.directory, "all.mjs");
    await writeFile(driver, DRIVER);
    const programs = names.map((name) => join(this.directory, `${name}.mjs`));
    const { stdout } = await run(process.execPath, [driver, ...programs]);
    const outputs = JSON.parse(stdout) as string[];
    return new Map(names.map((name, index) => [name, outputs[index] ?? "not run"]));
  }

  /** Bundles files, each beside itself. A loader of TypeScript would take half a second of each process. */
  async #bundle(entryPoints: Record<string, string>): Promise<void> {
    await build({
      entryPoints,
      outdir: this.directory,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      logLevel: "silent",
    });
  }

  /**
   * Checks the types of files in the directory. Resolves with the faults. `resolution` finds modules as
   * Node does, or as bundlers do.
   */
  async check(
    names: readonly string[],
    resolution: "nodenext" | "bundler" = "nodenext",
  ): Promise<string> {
    const module = resolution === "bundler" ? "esnext" : resolution;
    const found = ["--module", module, "--moduleResolution", resolution];
    const options = ["--noEmit", "--strict", "--skipLibCheck", ...found];
    const target = ["--target", "es2023", "--types", "node"];
    const tsc = join(ROOT, "node_modules/.bin/tsc");
    const { stdout } = await run(tsc, [...options, ...target, ...names], {
      cwd: this.directory,
    }).catch((error: { stdout: string }) => error);
    return stdout;
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }
}
