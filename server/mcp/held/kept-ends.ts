import { sizeOf } from "../tool.ts";
import type { HeldExecution } from "./held-execution.ts";

/** Bytes of results that wait to be fetched, of a tenant and of all. */
const MOST_OF_TENANT = 67_108_864;
const MOST = 268_435_456;
/** Milliseconds for which a result waits, and for which a fetched one may be fetched again. */
const KEPT_MS = 300_000;
const AGAIN_MS = 30_000;

interface KeptEnd {
  readonly tenant: string;
  readonly bytes: number;
  timer: NodeJS.Timeout;
}

/** Ends of executions whose client was not there at the end, for a bounded time and in bounded memory. */
export class KeptEnds {
  readonly #forget: (held: HeldExecution) => void;
  /** The oldest come first. */
  readonly #kept = new Map<HeldExecution, KeptEnd>();

  constructor(forget: (held: HeldExecution) => void) {
    this.#forget = forget;
  }

  /** Keeps an end. The oldest ones of the tenant, and then of all, make room for it. */
  keep(held: HeldExecution): void {
    const { tenant } = held.options;
    const kept = { tenant, bytes: bytesOf(held), timer: this.#timer(held, KEPT_MS) };
    this.#kept.set(held, kept);
    this.#trim(MOST_OF_TENANT, tenant);
    this.#trim(MOST);
  }

  /** Keeps a fetched end a little longer, for a client that did not get it. */
  fetched(held: HeldExecution): void {
    const kept = this.#kept.get(held);
    if (kept === undefined) return;
    clearTimeout(kept.timer);
    kept.timer = this.#timer(held, AGAIN_MS);
  }

  close(): void {
    for (const held of [...this.#kept.keys()]) this.#drop(held);
  }

  #trim(most: number, tenant?: string): void {
    const all = [...this.#kept].filter(
      ([, kept]) => tenant === undefined || kept.tenant === tenant,
    );
    let bytes = all.reduce((sum, [, kept]) => sum + kept.bytes, 0);
    for (const [held, kept] of all) {
      if (bytes <= most) return;
      bytes -= kept.bytes;
      this.#drop(held);
    }
  }

  #timer(held: HeldExecution, after: number): NodeJS.Timeout {
    return setTimeout(() => this.#drop(held), after).unref();
  }

  #drop(held: HeldExecution): void {
    clearTimeout(this.#kept.get(held)?.timer);
    this.#kept.delete(held);
    this.#forget(held);
  }
}

/** Counts the memory of an end. */
function bytesOf({ end }: HeldExecution): number {
  const content = end && "result" in end ? end.result.content : [];
  return 1_024 + sizeOf(content);
}
