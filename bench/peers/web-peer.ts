import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { deadline } from "../../src/base/deadline.ts";
import { lastWords } from "../children.ts";
import { type RawAnswer, RawClient } from "../raw-client.ts";
import { HEAT, type Peer } from "./peer.ts";

const UP_WITHIN = 20_000;
const STOP_WITHIN = 2_000;

/** A server in a process of its own, which prints its address. */
export class WebPeer implements Peer {
  readonly name: string;
  readonly origin: string;
  readonly #child: ChildProcess;
  readonly #signal: AbortSignal;
  /** Connections without a request. There are as many as there were requests at once. */
  readonly #idle: RawClient[] = [];

  private constructor(name: string, origin: string, child: ChildProcess, signal: AbortSignal) {
    this.name = name;
    this.origin = origin;
    this.#child = child;
    this.#signal = signal;
  }

  static async open(name: string, child: ChildProcess, signal: AbortSignal): Promise<WebPeer> {
    const words = lastWords(child);
    try {
      const said = new Promise<string>((resolve, reject) => {
        const lines = createInterface({ input: child.stdout as Readable });
        lines.once("line", resolve);
        lines.once("close", () => reject(new Error(`${name} did not start: ${words()}`)));
      });
      // A failed start needs no report here: the missing line is one.
      child.on("error", () => {});
      const line = await deadline(said, UP_WITHIN, `Starting ${name}`);
      const { origin } = JSON.parse(line) as { origin: string };
      return new WebPeer(name, origin, child, signal);
    } catch (error) {
      await stopChild(child);
      throw error;
    }
  }

  async run(code: string, input: number, expected: unknown): Promise<number> {
    const { status, body, ms } = await this.#post({ code, input });
    if (status !== 200 || body.result !== expected) {
      throw new Error(`${this.name}: ${status} ${JSON.stringify(body)}`);
    }
    return ms;
  }

  async heat(): Promise<void> {
    for (let n = 0; n < HEAT; n += 1) await this.run(`export default () => ${n}`, 0, n);
  }

  async keep(code: string, input: number): Promise<void> {
    await this.#post({ code, input, keep: code });
  }

  /** Lists the children, where the runtime is one. Miniflare's own process is none of them. */
  async pids(): Promise<number[]> {
    const pids = await childrenOf(this.#child);
    return pids.length > 0 ? pids : [this.#child.pid ?? 0];
  }

  async stop(): Promise<void> {
    for (const client of this.#idle) client.close();
    await stopChild(this.#child);
  }

  async #post(request: object): Promise<RawAnswer> {
    const client = this.#idle.pop() ?? (await RawClient.open(this.origin, this.#signal));
    const answer = await client.post("/", request);
    this.#idle.push(client);
    return answer;
  }
}

async function childrenOf({ pid }: ChildProcess): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return text.split(" ").filter(Boolean).map(Number);
}

/** Ends it by its standard input, so that it ends its own children, or by force with them. */
async function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const children = await childrenOf(child);
  const exited = once(child, "exit");
  child.stdin?.on("error", () => {}).end();
  const force = setTimeout(() => {
    for (const pid of [child.pid as number, ...children]) process.kill(pid, "SIGKILL");
  }, STOP_WITHIN);
  await exited;
  clearTimeout(force);
}
