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
    // A loader of TypeScript would take half a second of each process.
    await build({
      entryPoints: [path],
      outfile: program,
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      logLevel: "silent",
    });
    const { stdout } = await run(process.execPath, [program], {
      cwd: dirname(path),
      env: { ...process.env, ...env },
    });
    return stdout;
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
