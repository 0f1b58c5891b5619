import { type ChildProcess, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { deadline } from "../src/base/deadline.ts";
import { denoBinary } from "../src/deno/deno.ts";
import { endChild, lastWords } from "./children.ts";

const SCRIPT = fileURLToPath(new URL("bare-worker.deno.js", import.meta.url));
const ANSWER_WITHIN = 10_000;
const STOP_WITHIN = 2_000;

/** Starts npm's Deno by itself, without this user's settings: its cache is below `scratch`. */
export function spawnDeno(
  args: string[],
  scratch: string,
  binary: string = denoBinary(),
): ChildProcess {
  const env = { DENO_DIR: `${scratch}/deno`, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
  const child = spawn(binary, args, { cwd: scratch, env, stdio: ["pipe", "pipe", "pipe"] });
  // A failed start and a broken pipe need no report here: the missing answer is one.
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  return child;
}

/** One bare Deno process for the whole bench. It runs each piece of code in a new Worker. */
export class BareWorker {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #words: () => string;

  constructor(scratch: string) {
    this.#child = spawnDeno(["run", "--quiet", "--no-config", SCRIPT], scratch);
    this.#words = lastWords(this.#child);
    this.#lines = createInterface({ input: this.#child.stdout as Readable });
  }

  /** Runs one piece of code. Resolves with the milliseconds that the process itself measured. */
  async run(expression: string, input: number, expected: number): Promise<number> {
    const line = new Promise<string>((resolve, reject) => {
      this.#lines.once("line", resolve);
      this.#lines.once("close", () => reject(new Error(`Deno ended: ${this.#words()}`)));
    });
    this.#child.stdin?.write(`${JSON.stringify({ expression, input })}\n`);
    const answer = await deadline(line, ANSWER_WITHIN, "The bare worker");
    this.#lines.removeAllListeners("close");
    const { result, ms } = JSON.parse(answer) as { result: number; ms: number };
    if (result !== expected) throw new Error(`The bare worker said ${answer}`);
    return ms;
  }

  async stop(): Promise<void> {
    this.#lines.close();
    await endChild(this.#child, "SIGKILL", STOP_WITHIN);
  }
}
