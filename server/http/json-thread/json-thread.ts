import { Worker } from "node:worker_threads";
import { BadRequest, PayloadTooLarge } from "../../../src/base/errors.ts";
import { JsonText } from "../../../src/base/json-text.ts";
import { builtPath } from "../../../src/base/package-root.ts";
import { PerTenantQueue } from "../../../src/base/per-tenant-queue.ts";
import { inFiles } from "../../../src/engines/explain/source-positions.ts";
import type { LogEntry } from "../../../src/request/types.ts";
import type { LogsToTranslate, Question, ReadBody, Verdict } from "./messages.ts";

const ENTRY = builtPath("server/json-thread.js");
/** Megabytes of the thread's heap. */
const HEAP = 512;
/** Bodies or results of one tenant that may wait for each other. */
const MAX_WAITING = 256;
/** Characters from which a source map is read in the thread. */
const SMALL_MAP = 16_384;

interface PendingQuestion {
  readonly question: Question;
  resolve(verdict: Verdict): void;
  reject(error: Error): void;
}

/**
 * Reads large bodies, results and source maps in a thread, so that the loop that serves requests is not blocked.
 * It reads one body of each tenant at a time, so that no tenant occupies it for long. The thread
 * gets one question at a time. If the thread ends or cannot answer, only that question is refused.
 * The others go to the next thread.
 */
export class JsonThread {
  readonly #entry: string | URL;
  readonly #turns = new PerTenantQueue(MAX_WAITING);
  readonly #line: PendingQuestion[] = [];
  #asked: PendingQuestion | undefined;
  #worker: Worker | undefined;

  constructor(entry: string | URL = ENTRY) {
    this.#entry = entry;
  }

  /**
   * Reads a body as JSON.
   *
   * @throws {BadRequest} If it is no JSON.
   * @throws {PayloadTooLarge} If it is too large to read.
   * @throws {HostBusy} If too many bodies of its owner wait.
   */
  async read(owner: string, bytes: Uint8Array): Promise<unknown> {
    const { read, refused } = await this.#turns.take(owner, () => this.#ask(bytes));
    if (refused?.status === 400) throw new BadRequest("", refused.message);
    if (read === undefined) throw new PayloadTooLarge("", refused?.message ?? "");
    return withInputs(read);
  }

  /**
   * Checks that a text is JSON, and returns it on one line.
   *
   * @throws {BadRequest} If it is no JSON.
   */
  async check(owner: string, text: string): Promise<JsonText> {
    const { checked, refused } = await this.#turns.take(owner, () => this.#ask(text));
    if (checked === undefined) throw new BadRequest("", refused?.message ?? "");
    return new JsonText(checked);
  }

  /** Translates frames in logs by a source map. Returns the logs as they are if that fails. */
  async translate(owner: string, asked: LogsToTranslate): Promise<readonly LogEntry[]> {
    // A map of a few kilobytes is read within a millisecond.
    if (asked.map.length < SMALL_MAP) return inFiles(asked.logs, asked.map);
    const work = (): Promise<Verdict> => this.#ask(asked);
    const { translated } = await this.#turns.take(owner, work).catch((): Verdict => ({}));
    return translated ?? asked.logs;
  }

  #ask(question: Question): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      this.#line.push({ question, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#asked !== undefined) return;
    this.#asked = this.#line.shift();
    if (this.#asked === undefined) return;
    const { question } = this.#asked;
    this.#worker ??= this.#start();
    const isOwn = question instanceof Uint8Array && question.length === question.buffer.byteLength;
    this.#worker.postMessage(question, isOwn ? [question.buffer as ArrayBuffer] : []);
  }

  #start(): Worker {
    const resourceLimits = { maxOldGenerationSizeMb: HEAP };
    const worker = new Worker(this.#entry, { env: {}, execArgv: [], resourceLimits });
    worker.unref();
    worker.on("message", (verdict: Verdict) => this.#settle((asked) => asked.resolve(verdict)));
    // A verdict that this side cannot read, nested too deep for example, causes only this event.
    worker.on("messageerror", () => this.#refuse());
    // Another thread is started when it is needed.
    const end = (): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#refuse();
    };
    worker.on("error", end);
    worker.on("exit", end);
    return worker;
  }

  #refuse(): void {
    const error = new PayloadTooLarge("", "The body takes more than there is to read it");
    this.#settle((asked) => asked.reject(error));
  }

  #settle(settle: (asked: PendingQuestion) => void): void {
    const asked = this.#asked;
    this.#asked = undefined;
    if (asked !== undefined) settle(asked);
    this.#next();
  }
}

/** Puts the inputs back into the body. */
function withInputs({ body, inputs }: ReadBody): unknown {
  for (const { of, ...parts } of inputs) {
    const holder = holderOf(body as WithInputs, of);
    if (holder !== undefined) holder.input = new JsonText(parts);
  }
  return body;
}

interface WithInput {
  input?: unknown;
}

interface WithInputs extends WithInput {
  readonly requests?: readonly WithInput[];
  readonly params?: { readonly arguments?: WithInput };
}

function holderOf(body: WithInputs, of: ReadBody["inputs"][number]["of"]): WithInput | undefined {
  if (of === null) return body;
  return of === "arguments" ? body.params?.arguments : body.requests?.[of];
}
