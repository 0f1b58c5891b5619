import { Worker } from "node:worker_threads";
import { Turns } from "../../src/base/turns.ts";
import { BadRequest, PayloadTooLarge } from "../../src/errors.ts";
import { JsonText } from "../../src/json-text.ts";
import { builtPath } from "../../src/package-root.ts";
import type { ReadBody, Verdict } from "./messages.ts";

const ENTRY = builtPath("server/json-thread.js");
/** Megabytes of the thread's heap. */
const HEAP = 512;
/** Bodies or results of one tenant that may wait for each other. */
const MAX_WAITING = 256;

/**
 * Reads large bodies, and results, in a thread, so that the loop that serves requests goes on. Of each tenant one body is
 * read at a time: nobody waits for all of another one's.
 */
export class JsonThread {
  readonly #turns = new Turns(MAX_WAITING);
  readonly #waiting = new Map<number, (verdict: Verdict | Error) => void>();
  #worker: Worker | undefined;
  #asked = 0;

  /** Rejects with `BadRequest` or `PayloadTooLarge`, and with `HostBusy` if too much of its owner's waits. */
  async read(owner: string, bytes: Uint8Array): Promise<unknown> {
    const { read, refused } = await this.#turns.take(owner, () => this.#ask(bytes));
    if (refused?.status === 400) throw new BadRequest("", refused.message);
    if (read === undefined) throw new PayloadTooLarge("", refused?.message ?? "");
    return withInputs(read);
  }

  /** The text on one line, if it is JSON. Rejects otherwise. */
  async check(owner: string, text: string): Promise<JsonText> {
    const { checked, refused } = await this.#turns.take(owner, () => this.#ask(text));
    if (checked === undefined) throw new BadRequest("", refused?.message ?? "");
    return new JsonText(checked);
  }

  #ask(given: Uint8Array | string): Promise<Verdict> {
    this.#worker ??= this.#start();
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (verdict) => {
        this.#waiting.delete(id);
        if (verdict instanceof Error) reject(verdict);
        else resolve(verdict);
      });
      const isOwn = typeof given !== "string" && given.length === given.buffer.byteLength;
      this.#worker?.postMessage({ id, given }, isOwn ? [given.buffer as ArrayBuffer] : []);
    });
  }

  #start(): Worker {
    const resourceLimits = { maxOldGenerationSizeMb: HEAP };
    const worker = new Worker(ENTRY, { env: {}, execArgv: [], resourceLimits });
    worker.unref();
    worker.on("message", (verdict: Verdict) => this.#waiting.get(verdict.id)?.(verdict));
    // In its place comes another one when it is needed.
    const end = (): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      const error = new PayloadTooLarge("", "The body takes more memory than there is to read it");
      for (const settle of [...this.#waiting.values()]) settle(error);
    };
    worker.on("error", end);
    worker.on("exit", end);
    return worker;
  }
}

/** Puts the inputs back where they were. */
function withInputs({ body, inputs }: ReadBody): unknown {
  for (const { of, ...parts } of inputs) {
    const whole = body as { input?: unknown; requests?: { input?: unknown }[] };
    const holder = of === null ? whole : whole.requests?.[of];
    if (holder !== undefined) holder.input = new JsonText(parts);
  }
  return body;
}
