import { Worker } from "node:worker_threads";
import { builtPath } from "../../../src/base/package-root.ts";
import {
  StorageFull,
  StorageReserved,
  StoreConflict,
  StoreUnavailable,
} from "../contract/store-errors.ts";
import type { Failure, ThreadAnswer, ThreadCall, ThreadData } from "./thread-messages.ts";

const ENTRY = builtPath("server/store-thread.js");
const WATCH_EVERY = 10_000;
/** Milliseconds of silence after which a thread has failed. Every call takes less. */
const SILENT_FOR = 120_000;

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Runs a PGlite database in a thread, until it ends. */
export class Thread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #calls = 0;
  #ended = false;
  #heardAt = Date.now();
  readonly #watch = setInterval(() => {
    const isSilent = Date.now() - this.#heardAt > SILENT_FOR;
    if (isSilent && this.#pending.size > 0) this.#terminate("it is silent");
  }, WATCH_EVERY).unref();

  private constructor(data: ThreadData) {
    this.#worker = new Worker(ENTRY, { workerData: data, execArgv: [] });
    this.#worker.on("message", (answer: ThreadAnswer) => this.#settle(answer));
    // The answer does not name its call, and that call gets no other one.
    this.#worker.on("messageerror", () => this.#terminate("its answer cannot be read"));
    this.#worker.on("error", (error) => this.#end(error.message));
    this.#worker.on("exit", () => this.#end("its thread has ended"));
  }

  /** Starts a thread. Rejects if the database cannot be opened. */
  static async start(data: ThreadData): Promise<Thread> {
    const thread = new Thread(data);
    try {
      await thread.#answerTo(0);
      return thread;
    } catch (error) {
      thread.#terminate("it cannot be opened");
      throw error;
    }
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Calls a method of the store in the thread. The arguments are cloned. */
  call(part: ThreadCall["part"], method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#ended) return Promise.reject(new StoreUnavailable("The store has ended"));
    if (this.#pending.size === 0) this.#heardAt = Date.now();
    this.#calls += 1;
    const call: ThreadCall = { id: this.#calls, part, method, args };
    this.#worker.postMessage(call);
    return this.#answerTo(call.id);
  }

  #answerTo(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  #settle(answer: ThreadAnswer): void {
    const call = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    this.#heardAt = Date.now();
    if ("failure" in answer) this.#reject(call, answer.failure);
    else call?.resolve(answer.value);
  }

  #reject(call: Pending | undefined, failure: Failure): void {
    call?.reject(errorOf(failure));
    // After a full disk, for example, the database fails every call. Opening it again helps.
    if (failure.kind === "unavailable") this.#terminate("it has failed");
  }

  #terminate(reason: string): void {
    this.#end(reason);
    this.#worker.terminate();
  }

  #end(reason: string): void {
    this.#ended = true;
    clearInterval(this.#watch);
    const error = new StoreUnavailable(undefined, reason);
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

function errorOf(failure: Failure): Error {
  if (failure.kind === "full") return new StorageFull(failure.refusal);
  const { kind, message, reason } = failure;
  switch (kind) {
    case "reserved":
      return new StorageReserved(message);
    case "conflict":
      return new StoreConflict(message);
    case "unavailable":
      return new StoreUnavailable(message, reason);
    case "mistake":
      return new Error(message);
  }
}
