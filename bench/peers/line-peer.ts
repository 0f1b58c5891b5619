import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { deadline } from "../../src/base/deadline.ts";
import { endChild, lastWords } from "../children.ts";
import { HEAT, type Peer } from "./peer.ts";

const ANSWER_WITHIN = 20_000;
const STOP_WITHIN = 2_000;

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly ms?: number;
  readonly error?: string;
}

/** A process that takes a line of JSON for each execution, and measures it itself. */
export class LinePeer implements Peer {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #words: () => string;
  readonly #waiting = new Map<number, (answer: Answer | Error) => void>();
  #count = 0;

  constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    this.#words = lastWords(child);
    // A failed start and a broken pipe need no report here: the missing answer is one.
    child.on("error", () => {});
    child.stdin?.on("error", () => {});
    const lines = createInterface({ input: child.stdout as Readable });
    lines.on("line", (line) => {
      const answer = JSON.parse(line) as Answer;
      this.#waiting.get(answer.id)?.(answer);
    });
    lines.on("close", () => {
      for (const settle of this.#waiting.values()) {
        settle(new Error(`${name} ended: ${this.#words()}`));
      }
    });
  }

  async run(code: string, input: number, expected: unknown): Promise<number> {
    const { result, ms = Number.NaN } = await this.#send({ code, input });
    if (result !== expected) throw new Error(`${this.name} said ${JSON.stringify(result)}`);
    return ms;
  }

  async heat(): Promise<void> {
    for (let n = 0; n < HEAT; n += 1) {
      await this.#send({ code: `export default () => ${n}`, input: 0 });
    }
  }

  async keep(code: string, input: number): Promise<void> {
    await this.#send({ code, input, keep: true });
  }

  async pids(): Promise<number[]> {
    return this.#child.pid === undefined ? [] : [this.#child.pid];
  }

  async stop(): Promise<void> {
    await endChild(this.#child, "SIGKILL", STOP_WITHIN);
  }

  async #send(request: object): Promise<Answer> {
    this.#count += 1;
    const id = this.#count;
    const said = new Promise<Answer | Error>((resolve) => this.#waiting.set(id, resolve));
    this.#child.stdin?.write(`${JSON.stringify({ ...request, id })}\n`);
    const answer = await deadline(said, ANSWER_WITHIN, `${this.name}: ${this.#words()}`);
    this.#waiting.delete(id);
    if (answer instanceof Error) throw answer;
    if (answer.error !== undefined) throw new Error(`${this.name}: ${answer.error}`);
    return answer;
  }
}

/** Starts a process with pipes, which ends at the end of its standard input at the latest. */
export function spawnPiped(program: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  return spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"] });
}
