import { Worker } from "node:worker_threads";
import { ResourceTypeError } from "../../../src/resourcex/errors.ts";
import { Turns } from "../../turns.ts";
import type { Checked, Question, Verdict } from "./messages.ts";

/** A thread has no loader for TypeScript of its own, whatever its process was started with. */
const ENTRY = `import(${JSON.stringify(import.meta.resolve("tsx/esm/api"))})
  .then(({ tsImport }) => tsImport("./worker.ts", ${JSON.stringify(import.meta.url)}))`;
/** Megabytes of the thread's heap. */
const HEAP = 256;
/** Checks of one tenant that may wait for each other. */
const MAX_WAITING = 64;

/**
 * Checks types of tenants, and arguments by their schemas, in a thread: a pattern can take a second for
 * a text made for it, in which the loop that serves requests would stand still. Of each tenant one check
 * at a time is made, so that nobody waits for all of another one's.
 */
export class TypeChecks {
  readonly #turns = new Turns(MAX_WAITING);
  readonly #waiting = new Map<number, (verdict: Verdict | Error) => void>();
  #worker: Worker | undefined;
  #asked = 0;

  /** Rejects with a `ResourceTypeError` for what is no type. */
  async type(tenant: string, type: Checked): Promise<void> {
    await this.#inTurn(tenant, { type });
  }

  /** Resolves with the arguments to run with. Rejects with a `ResourceTypeError` that names the field. */
  async arguments(tenant: string, type: Checked, args: unknown): Promise<unknown> {
    if (type.schema === undefined) return args;
    await this.#inTurn(tenant, { type, args: { value: args } });
    return args === undefined ? {} : args;
  }

  async #inTurn(tenant: string, question: Omit<Question, "id">): Promise<void> {
    const { fault } = await this.#turns.take(tenant, () => this.#ask(question));
    if (fault !== undefined) throw new ResourceTypeError(fault);
  }

  #ask(question: Omit<Question, "id">): Promise<Verdict> {
    this.#worker ??= this.#start();
    this.#asked += 1;
    const id = this.#asked;
    const { name, aliases, description, schema, sandbox } = question.type;
    const type = { name, aliases, description, schema, sandbox };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (verdict) => {
        this.#waiting.delete(id);
        if (verdict instanceof Error) reject(verdict);
        else resolve(verdict);
      });
      this.#worker?.postMessage({ ...question, type, id });
    });
  }

  #start(): Worker {
    const resourceLimits = { maxOldGenerationSizeMb: HEAP };
    const worker = new Worker(ENTRY, { eval: true, execArgv: [], resourceLimits });
    worker.unref();
    worker.on("message", (verdict: Verdict) => this.#waiting.get(verdict.id)?.(verdict));
    // In its place comes another one when it is needed.
    const end = (): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      const error = new ResourceTypeError("This takes more memory than there is for it");
      for (const settle of [...this.#waiting.values()]) settle(error);
    };
    worker.on("error", end);
    worker.on("exit", end);
    return worker;
  }
}
