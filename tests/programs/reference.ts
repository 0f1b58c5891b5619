/** Runs programs under plain Deno, to which sandboxes are compared. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { denoBinary } from "../../src/deno/deno.ts";

const FLAGS = ["run", "--allow-all", "--no-lock", "--no-check", "--no-config", "--quiet"];

export interface ScriptRun {
  /** All that was printed, to standard output and standard error in their order. */
  readonly text: string;
  /** JSON text of the returned value; empty if there is none. */
  readonly result: string;
}

export const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Runs scripts in one process of plain Deno. */
export async function runScripts(paths: readonly string[]): Promise<Map<string, ScriptRun>> {
  const folder = await mkdtemp(join(tmpdir(), "isolate-"));
  const output = await open(join(folder, "output"), "w");
  try {
    // One file for both, because two pipes would lose their order.
    const child = spawn(denoBinary(), [...FLAGS, pathOf("scripts.deno.js"), ...paths], {
      stdio: ["ignore", output.fd, output.fd],
      env: { NO_COLOR: "1", HOME: folder, TZ: "UTC" },
    });
    const [code] = await once(child, "exit");
    const printed = await readFile(join(folder, "output"), "utf8");
    if (code !== 0) throw new Error(`Deno ended with ${code}: ${printed.slice(-1_000)}`);
    const [, ...runs] = printed.split("\0begin ");
    return new Map(runs.map(toRun));
  } finally {
    await output.close();
    await rm(folder, { recursive: true });
  }
}

function toRun(printed: string): [string, ScriptRun] {
  const lineEnd = printed.indexOf("\n");
  const [text = "", result = ""] = printed.slice(lineEnd + 1).split("\0result ");
  return [printed.slice(0, lineEnd), { text: text.trimEnd(), result: result.trimEnd() }];
}

/** Answers the requests of a file by the apps of a folder, in one process of plain Deno. */
export async function answerByApps(
  folder: string,
  origin: string,
  requests: string,
): Promise<Record<string, unknown[]>> {
  const args = [...FLAGS, pathOf("apps.deno.js"), folder, origin, requests];
  const env = { NO_COLOR: "1", HOME: folder };
  const { stdout } = await promisify(execFile)(denoBinary(), args, { env, maxBuffer: 2 ** 24 });
  return JSON.parse(stdout.slice(stdout.lastIndexOf("\n{") + 1)) as Record<string, unknown[]>;
}
