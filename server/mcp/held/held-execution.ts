import { setTimeout as sleep } from "node:timers/promises";
import { untilAborted } from "../../../src/base/until-aborted.ts";
import type { Calls } from "../../../src/calls/calls.ts";
import type { Answered } from "../../../src/protocol/calls.ts";
import type { LogEntry, Observer } from "../../../src/request/types.ts";
import type { CalledBy } from "../../calls/answerer.ts";
import { give } from "../../calls/give.ts";
import type { GivenAnswer } from "../../calls/given-answer.ts";
import { pendingResult } from "../results.ts";
import type { ToolResult } from "../tool.ts";

/** Milliseconds in which calls that the code makes side by side come together. */
const TOGETHER_MS = 10;
/** Most log entries that wait for the next call of a tool. All are in the result, too. */
const MOST_LOGS = 100;

export type HeldEnd = { readonly result: ToolResult } | { readonly error: unknown };

export interface HeldOptions extends CalledBy {
  readonly id: string;
  /** Milliseconds without a call of a tool after which the execution ends. */
  readonly patience: number;
}

/** An execution whose calls are answered by further calls of tools, and which goes on in between. */
export class HeldExecution {
  readonly options: HeldOptions;
  /** Receives what happens in the execution. */
  readonly observer: Observer;
  readonly #cancel = new AbortController();
  readonly #ended = new AbortController();
  /** Serial → data of a call that may wait for its answer. */
  readonly #calls = new Map<number, string>();
  /** Calls of tools that wait for the execution. */
  readonly #attending = new Set<Observer>();
  readonly #logs: LogEntry[] = [];
  #line: Calls | undefined;
  #wake: () => void = () => {};
  #changed = this.#next();
  #abandoned: NodeJS.Timeout | undefined;
  #end: HeldEnd | undefined;
  wasAbandoned = false;

  constructor(options: HeldOptions) {
    this.options = options;
    this.observer = {
      onLog: (entry) => {
        if (this.#attending.size === 0 && this.#logs.length < MOST_LOGS) this.#logs.push(entry);
        for (const observer of this.#attending) observer.onLog?.(entry);
      },
      onPackages: (stage) => {
        for (const observer of this.#attending) observer.onPackages?.(stage);
      },
    };
  }

  /** Ends the execution once aborted. */
  get signal(): AbortSignal {
    return this.#cancel.signal;
  }

  get end(): HeldEnd | undefined {
    return this.#end;
  }

  /** Sets the calls, of which `hear()` tells. */
  connect(line: Calls): void {
    this.#line = line;
  }

  hear(data: string, serial: number): void {
    // Calls that have been answered otherwise would keep their arguments until the next call of a tool.
    this.#forgetAnswered();
    this.#calls.set(serial, data);
    this.#change();
  }

  finish(end: HeldEnd): void {
    clearTimeout(this.#abandoned);
    this.#end = end;
    this.#calls.clear();
    this.#logs.length = 0;
    this.#ended.abort();
    this.#change();
  }

  cancel(): void {
    this.#cancel.abort();
  }

  /** Gives an answer to the code, unless its call has one. */
  async answer(serial: number, answer: GivenAnswer): Promise<Answered> {
    if (this.#line === undefined || this.#end !== undefined) return "unknown";
    const answered = await give(this.#line, serial, answer, this.#ended.signal);
    if (answered === "sent") this.#calls.delete(serial);
    return answered;
  }

  /**
   * Resolves with the calls that wait for answers, or with the result. Rejects as the execution does, and
   * when `signal` is aborted.
   */
  async next(observer: Observer, signal: AbortSignal): Promise<ToolResult> {
    this.#attend(observer);
    try {
      for (;;) {
        const changed = this.#changed;
        if (this.#pending().length > 0) await untilAborted(this.#gather(), signal);
        if (this.#end !== undefined) {
          if ("error" in this.#end) throw this.#end.error;
          return this.#end.result;
        }
        const pending = this.#pending();
        if (pending.length > 0) return pendingResult(this.options.id, pending);
        await untilAborted(changed, signal);
      }
    } finally {
      this.#leave(observer);
    }
  }

  /** Waits for calls that the code makes at the same time, and for those whose arguments are read. */
  async #gather(): Promise<void> {
    do await sleep(TOGETHER_MS);
    while (this.#end === undefined && this.#pending().length < (this.#line?.open ?? 0));
  }

  #attend(observer: Observer): void {
    clearTimeout(this.#abandoned);
    this.#attending.add(observer);
    for (const entry of this.#logs.splice(0)) observer.onLog?.(entry);
  }

  #leave(observer: Observer): void {
    this.#attending.delete(observer);
    if (this.#attending.size > 0 || this.#end !== undefined) return;
    this.#abandoned = setTimeout(() => {
      this.wasAbandoned = true;
      this.cancel();
    }, this.options.patience).unref();
  }

  /** Lists the calls that wait. Those of a sandbox that is gone do no more. */
  #pending(): string[] {
    this.#forgetAnswered();
    return [...this.#calls.values()];
  }

  #forgetAnswered(): void {
    for (const serial of this.#calls.keys()) {
      if (!this.#line?.isOpen(serial)) this.#calls.delete(serial);
    }
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #change(): void {
    const wake = this.#wake;
    this.#changed = this.#next();
    wake();
  }
}
