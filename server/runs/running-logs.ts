import { randomUUID } from "node:crypto";
import type { LogEntry, Observer, Output } from "../../src/request/types.ts";
import type { KeptLogs } from "../store/contract/logs.ts";
import { STORAGE_OF_LOGS } from "../store/contract/storage.ts";
import type { Caller } from "../tenants/auth.ts";
import { type KeptEntries, keptEntries } from "./kept-logs.ts";

export interface LogKeeping {
  /** False keeps nothing of any tenant. Default true. */
  readonly keep?: boolean | undefined;
  /** Most bytes of the kept entries of one execution. Default 64 KiB. */
  readonly bytes?: number | undefined;
  /** Most bytes of the kept entries of a tenant without its own limit. Default 64 MiB. */
  readonly storage?: number | undefined;
}

export interface LoggedExecution {
  readonly id: string;
  readonly caller: Caller;
  readonly function?: { readonly name: string; readonly version: number } | undefined;
  readonly startedAt: Date;
}

/** Receives the entries of a function's executions as they are written. */
export interface LogListener {
  /** Receives an entry. `text` makes its JSON, once for all listeners. */
  onEntry(execution: LoggedExecution, entry: LogEntry, text: () => string): void;
  /** Called once its tenant has been deleted. */
  onGone(): void;
}

/** Entries of one execution that runs. */
export interface RunLog {
  /** Adds the entries that come to those so far, and tells them to `observer` as well. */
  observe(observer: Observer | undefined): Observer;
  /** Returns what is kept: the answer's entries, or without an answer those so far. */
  end(output?: Pick<Output, "logs" | "logsDropped">): KeptLogs | undefined;
  /** Forgets the entries so far. */
  close(): void;
}

/** Default for the most bytes of one execution. */
const BYTES = 65_536;
/** Exceptions of one execution that are taken beyond that. An execution has one. */
const MOST_FAULTS = 4;

/** Log entries of the executions that run here, for those who ask before their end. */
export class RunningLogs {
  /** Id of this server, by which others tell its executions from their own. */
  readonly server = randomUUID();
  readonly #keeping: Required<{ [Name in keyof LogKeeping]: NonNullable<LogKeeping[Name]> }>;
  readonly #running = new Map<string, Entries>();
  readonly #listeners = new Map<string, Map<string, Set<LogListener>>>();

  constructor({ keep = true, bytes = BYTES, storage = STORAGE_OF_LOGS }: LogKeeping = {}) {
    this.#keeping = { keep, bytes, storage };
  }

  /** Begins an execution. Returns `undefined` if nothing of it is kept. */
  begin(execution: LoggedExecution): RunLog | undefined {
    const { keep, bytes, storage } = this.#keeping;
    const { keepLogs = true, logStorage = storage } = execution.caller.limits;
    if (!keep || !keepLogs) return undefined;
    const entries = new Entries(execution, bytes);
    this.#running.set(execution.id, entries);
    const close = (): void => {
      // The same job may have begun again.
      if (this.#running.get(execution.id) === entries) this.#running.delete(execution.id);
    };
    return {
      observe: (observer) => ({
        ...observer,
        onLog: (entry) => {
          entries.add(entry);
          this.#tell(execution, entry);
          observer?.onLog?.(entry);
        },
      }),
      end: (output) => {
        close();
        const kept = output
          ? keptEntries(output.logs ?? [], output.logsDropped ?? 0, bytes)
          : entries.kept();
        return kept && { ...kept, most: logStorage, server: this.server };
      },
      close,
    };
  }

  /** Returns the entries so far of a tenant's execution, if it runs here. */
  get(tenant: string, id: string): KeptEntries | undefined {
    const entries = this.#running.get(id);
    if (entries?.execution.caller.tenant.id !== tenant) return undefined;
    return entries.kept() ?? { entries: "[]", count: 0, dropped: 0, level: -1 };
  }

  /** Tells a listener the entries of a function's executions here. Returns a function that ends it. */
  listen(tenant: string, name: string, listener: LogListener): () => void {
    const ofTenant = this.#listeners.get(tenant) ?? new Map<string, Set<LogListener>>();
    this.#listeners.set(tenant, ofTenant);
    const listeners = ofTenant.get(name) ?? new Set();
    ofTenant.set(name, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && ofTenant.get(name) === listeners) ofTenant.delete(name);
      if (ofTenant.size === 0 && this.#listeners.get(tenant) === ofTenant) {
        this.#listeners.delete(tenant);
      }
    };
  }

  /** Ends the listeners of a deleted tenant. */
  gone(tenant: string): void {
    for (const listeners of [...(this.#listeners.get(tenant)?.values() ?? [])]) {
      for (const listener of [...listeners]) listener.onGone();
    }
  }

  #tell(execution: LoggedExecution, entry: LogEntry): void {
    const { caller, function: called } = execution;
    if (called === undefined || this.#listeners.size === 0) return;
    let made: string | undefined;
    const text = (): string => {
      made ??= JSON.stringify(entry);
      return made;
    };
    for (const listener of this.#listeners.get(caller.tenant.id)?.get(called.name) ?? []) {
      listener.onEntry(execution, entry, text);
    }
  }
}

/** Entries of an execution so far: about as many as are kept, and its exception. */
class Entries {
  readonly execution: LoggedExecution;
  readonly #bytes: number;
  readonly #entries: LogEntry[] = [];
  #room: number;
  #faults = 0;
  #dropped = 0;

  constructor(execution: LoggedExecution, bytes: number) {
    this.execution = execution;
    this.#bytes = bytes;
    this.#room = bytes;
  }

  add(entry: LogEntry): void {
    if (entry.level === "exception") this.#faults += 1;
    const isFault = entry.level === "exception" && this.#faults <= MOST_FAULTS;
    if (this.#room < 0 && !isFault) {
      this.#dropped += 1;
      return;
    }
    this.#room -= entry.message.length + 32;
    this.#entries.push(entry);
  }

  kept(): KeptEntries | undefined {
    return keptEntries(this.#entries, this.#dropped, this.#bytes);
  }
}
