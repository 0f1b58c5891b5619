import {
  Aborted,
  PermissionError,
  SecretNotFound,
  SessionBusy,
  SessionEnded,
  TenantLimit,
} from "../base/errors.ts";
import type { SessionEnd } from "../base/session-end.ts";
import type { EngineSession } from "../engines/contract/contract.ts";
import type { SessionTimes } from "../request/session-request.ts";
import type { ExecuteRequest } from "../request/types.ts";

export interface SessionParts extends SessionTimes {
  readonly engine: EngineSession;
  /** Request whose code is each execution's own. */
  readonly request: Omit<ExecuteRequest, "code">;
  /** Hash of its grants, tools and profile. */
  readonly key: string;
  readonly permissions: unknown;
}

/** A session: executions of one caller, one after the other, in one realm. */
export class Session {
  readonly engine: EngineSession;
  readonly request: SessionParts["request"];
  readonly permissions: unknown;
  readonly idle: number;
  readonly max: number;
  readonly createdAt = Date.now();
  readonly #key: string;
  readonly #last: NodeJS.Timeout;
  #idleTimer: NodeJS.Timeout | undefined;
  #idleUntil = 0;
  #running = false;
  #reason: SessionEnd | undefined;

  constructor({ engine, request, key, permissions, idle, max }: SessionParts) {
    this.engine = engine;
    this.request = request;
    this.permissions = permissions;
    this.idle = idle;
    this.max = max;
    this.#key = key;
    this.#last = setTimeout(() => void this.end("max"), max).unref();
    this.#rest(idle);
    void engine.ended.then((reason) => {
      this.#reason = reason;
      clearTimeout(this.#last);
      clearTimeout(this.#idleTimer);
    });
  }

  get running(): boolean {
    return this.#running;
  }

  /** Number of executions that have begun. */
  get executions(): number {
    return this.engine.jobs;
  }

  /** Unix time in milliseconds at which it ends, if nothing is executed until then. */
  get expiresAt(): number {
    const last = this.createdAt + this.max;
    return this.#running ? last : Math.min(last, this.#idleUntil);
  }

  /** Reason of its end, once it has ended. */
  get reason(): SessionEnd | undefined {
    return this.#reason;
  }

  /** Ends it, with what it may be running. Resolves once its sandbox is gone. */
  async end(reason: SessionEnd): Promise<void> {
    this.#reason ??= reason;
    await this.engine.end(reason);
  }

  /**
   * Does the work of one execution.
   *
   * @throws {SessionEnded} if it has ended.
   * @throws {SessionBusy} if an execution is under way.
   */
  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#reason !== undefined) throw new SessionEnded(this.#reason);
    if (this.#running) throw new SessionBusy();
    this.#running = true;
    clearTimeout(this.#idleTimer);
    const { jobs } = this.engine;
    try {
      return await work();
    } finally {
      this.#running = false;
      // One that was refused does not keep the session alive.
      const isUsed = this.engine.jobs > jobs;
      if (this.#reason === undefined) this.#rest(isUsed ? this.idle : this.#idleUntil - Date.now());
    }
  }

  /**
   * Checks that an execution has what the session began with. A worker keeps its permissions, so one that
   * may have less now ends.
   *
   * @throws {SessionEnded} if it has anything else.
   */
  async assertSame(key: string): Promise<void> {
    if (key === this.#key) return;
    await this.end("changed");
    throw new SessionEnded("changed");
  }

  /** Ends it if it may not have any more what it began with. Returns the error for the caller then. */
  refusal(error: unknown): SessionEnded | undefined {
    const isLimit = error instanceof TenantLimit && error.field !== "timeout";
    const isLess = error instanceof PermissionError || error instanceof SecretNotFound || isLimit;
    if (!isLess) return undefined;
    void this.end("changed");
    return new SessionEnded("changed");
  }

  /** Returns the error for the caller: the session's end, if that has interrupted the execution. */
  causeOf(error: unknown, signal?: AbortSignal): unknown {
    const isEnd = error instanceof Aborted && this.#reason !== undefined && !signal?.aborted;
    return isEnd ? new SessionEnded(this.#reason as SessionEnd) : error;
  }

  #rest(left: number): void {
    this.#idleUntil = Date.now() + left;
    this.#idleTimer = setTimeout(() => void this.end("idle"), Math.max(0, left)).unref();
  }
}
