import {
  Aborted,
  BadRequest,
  HostBusy,
  SessionEnded,
  ShuttingDown,
} from "../../src/base/errors.ts";
import type { SessionEnd } from "../../src/base/session-end.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { Session } from "../../src/kernel/session.ts";
import {
  DEFAULT_SESSION,
  type SessionExecution,
  type SessionRequest,
  type SessionTimes,
} from "../../src/request/session-request.ts";
import { tenantKey } from "../../src/request/tenant.ts";
import type { Execution, Runs } from "../runs/runs.ts";
import type { Caller } from "../tenants/auth.ts";
import { EndedSessions } from "./ended-sessions.ts";
import { noSuchSession, otherKey, sessionElsewhere, tooManySessions } from "./session-errors.ts";
import { serverOf, sessionId } from "./session-id.ts";

/** Sessions of a tenant whose limits name no number. */
const DEFAULT_SESSIONS = 8;

export interface SessionsOptions {
  readonly kernel: Kernel;
  readonly runs: Runs;
  readonly nodeId: string;
  /** Most milliseconds of a session. */
  readonly times: SessionTimes;
  /** Most sessions of all tenants on this server. */
  readonly most: number;
  /** Tells whether a server of that id is there. */
  readonly isServer: (id: string) => Promise<boolean>;
  /** Tells whether a key is there. */
  readonly hasKey: (id: string) => Promise<boolean>;
  readonly onError: (error: unknown) => void;
}

/** A session that has not ended. */
export interface LiveSession {
  readonly id: string;
  /** Key of its tenant, and of its tenant alone. */
  readonly owner: string;
  /** Id of the key that began it. Absent on a server without keys. */
  readonly key: string | undefined;
  readonly session: Session;
}

/** Sessions of all tenants that live on this server. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #live = new Map<string, LiveSession>();
  readonly #ended = new EndedSessions();
  /** Tenant → its sessions that are being made. */
  readonly #opening = new Map<string, number>();
  #draining = false;
  #begun = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Number of sessions that live here. */
  get size(): number {
    return this.#live.size;
  }

  /** Number of sessions that have begun here. */
  get begun(): number {
    return this.#begun;
  }

  /** Begins a session, which has a place among its tenant's executions until it ends. */
  async open(caller: Caller, asked: SessionRequest, signal: AbortSignal): Promise<LiveSession> {
    const { idle, max, ...request } = asked;
    const times = this.#timesOf({ idle, max }, caller);
    const owner = tenantKey(caller.tenant);
    this.#assertRoom(owner, caller.limits.sessions ?? DEFAULT_SESSIONS);
    this.#opening.set(owner, (this.#opening.get(owner) ?? 0) + 1);
    const live = await this.#open(caller, owner, request, times, signal).finally(() => {
      const left = (this.#opening.get(owner) ?? 1) - 1;
      if (left === 0) this.#opening.delete(owner);
      else this.#opening.set(owner, left);
    });
    // Its key may have been revoked while it waited for its sandbox.
    if (live.key !== undefined) await this.keyChanged(live.key);
    return live;
  }

  /** Lists the caller's sessions that live here, the oldest first. */
  list({ tenant }: Caller): LiveSession[] {
    const owner = tenantKey(tenant);
    return [...this.#live.values()].filter((each) => each.owner === owner);
  }

  /**
   * Returns a session of the caller's.
   *
   * @throws {SessionEnded} if it has ended, and how is known.
   * @throws {HttpProblem} 404 without such a session, and 421 if it lives on another server.
   */
  async get({ tenant }: Caller, id: string): Promise<LiveSession> {
    const owner = tenantKey(tenant);
    const found = this.#live.get(id);
    if (found?.owner === owner) return found;
    const reason = this.#ended.reasonOf(owner, id);
    if (reason !== undefined) throw new SessionEnded(reason);
    const server = serverOf(id);
    if (found !== undefined || server === undefined || server === this.#options.nodeId) {
      throw noSuchSession();
    }
    throw (await this.#options.isServer(server)) ? sessionElsewhere(server) : noSuchSession();
  }

  /** Runs code in a session of the caller's. Rejects as `get()` and `Runs.run()` do. */
  async execute(
    id: string,
    asked: SessionExecution,
    { caller, signal, ...run }: Omit<Execution, "request" | "via" | "session">,
  ): Promise<Awaited<ReturnType<Runs["run"]>> & { readonly session: Session }> {
    const { session, key } = await this.get(caller, id);
    if (key !== caller.key?.id) throw otherKey();
    const request = { ...session.request, ...asked };
    const execution = { ...run, caller, signal, request, session, via: "session" } as const;
    try {
      const ran = await session.use(() => this.#options.runs.run(execution));
      return { ...ran, session };
    } catch (error) {
      throw session.causeOf(error, signal);
    } finally {
      // Another execution may run, beside which this one was refused.
      if (this.#draining && !session.running) {
        void session.end("shutdown").catch(this.#options.onError);
      }
    }
  }

  async end(caller: Caller, id: string): Promise<void> {
    const { session } = await this.get(caller, id);
    await session.end("closed");
  }

  /** Looks whether a key is still there, and ends its sessions if it is not. */
  async keyChanged(id: string): Promise<void> {
    const sessions = [...this.#live.values()].filter(({ key }) => key === id);
    if (sessions.length === 0 || (await this.#options.hasKey(id))) return;
    await Promise.all(sessions.map(({ session }) => session.end("key")));
  }

  /** Looks at all keys, because a notice about one may have been lost. */
  async allKeysChanged(): Promise<void> {
    const keys = new Set([...this.#live.values()].flatMap(({ key }) => key ?? []));
    await Promise.all([...keys].map((key) => this.keyChanged(key)));
  }

  /** Refuses new sessions, and ends those there are once nothing runs in them. */
  drain(): void {
    this.#draining = true;
    for (const { session } of this.#live.values()) {
      if (!session.running) void session.end("shutdown").catch(this.#options.onError);
    }
  }

  #assertRoom(owner: string, most: number): void {
    if (this.#draining) throw new ShuttingDown();
    const own = [...this.#live.values()].filter((each) => each.owner === owner).length;
    if (own + (this.#opening.get(owner) ?? 0) >= most) throw tooManySessions(most);
    const opening = [...this.#opening.values()].reduce((sum, count) => sum + count, 0);
    // The last one is for a tenant that has none.
    const kept = own + (this.#opening.get(owner) ?? 0) > 0 && this.#options.most > 1 ? 1 : 0;
    if (this.size + opening + kept < this.#options.most) return;
    throw new HostBusy(`This server has ${this.#options.most} sessions, which is all it may have`);
  }

  #timesOf(asked: Pick<SessionRequest, "idle" | "max">, { key }: Caller): SessionTimes {
    const { times } = this.#options;
    for (const name of ["idle", "max"] as const) {
      if ((asked[name] ?? 0) <= times[name]) continue;
      throw new BadRequest(name, `${name}: At most ${times[name]} ms here`);
    }
    const { idle = Math.min(DEFAULT_SESSION.idle, times.idle) } = asked;
    const { max = Math.min(DEFAULT_SESSION.max, times.max) } = asked;
    const left = key?.expiresAt ? key.expiresAt.getTime() - Date.now() : max;
    return { idle, max: Math.max(1, Math.min(max, left)) };
  }

  async #open(
    caller: Caller,
    owner: string,
    request: Omit<SessionRequest, "idle" | "max">,
    times: SessionTimes,
    signal: AbortSignal,
  ): Promise<LiveSession> {
    const { kernel, runs, nodeId } = this.#options;
    const { tenant } = caller;
    const held = await runs.hold(caller, signal);
    const session = await kernel
      .openSession(request, { tenant, ...times })
      .catch((error: unknown) => {
        held.release();
        throw error;
      });
    const live = { id: sessionId(nodeId), owner, key: caller.key?.id, session };
    this.#live.set(live.id, live);
    this.#begun += 1;
    const stop = (): void => void session.end("tenant").catch(this.#options.onError);
    held.signal.addEventListener("abort", stop);
    void session.engine.ended.then(async (reason: SessionEnd) => {
      this.#live.delete(live.id);
      this.#ended.add(owner, live.id, reason);
      // The place is free once its sandbox is gone.
      await session.end(reason).catch(this.#options.onError);
      held.release();
    });
    if (held.signal.aborted) stop();
    // A client that has hung up does not know its id.
    if (signal.aborted) await session.end("aborted");
    if (signal.aborted) throw new Aborted();
    if (this.#draining) this.drain();
    return live;
  }
}
