import { EngineUnavailable, type IsolateError, ShuttingDown } from "../../base/errors.ts";
import { DEFAULT_REUSE } from "../../config/reuse-limits.ts";
import { SOLE_TENANT } from "../../request/tenant.ts";
import type { IdleUsage, Launcher, Profile, Sandbox } from "../contract/contract.ts";
import type { BackOff } from "./back-off.ts";
import { Delayed } from "./delayed.ts";
import { Halt } from "./halt.ts";
import { checkHealth } from "./health-check.ts";
import { fullKey, KeptSandboxes } from "./kept-sandboxes.ts";
import { Patience } from "./patience.ts";
import type { PoolOptions } from "./pool-options.ts";
import { PreparedSandboxes } from "./prepared-sandboxes.ts";
import { makePlace } from "./queue-place.ts";
import { Shares } from "./shares.ts";
import { takeSpareFor } from "./spare-sandbox.ts";
import { Starts } from "./starts.ts";
import { Turnover } from "./turnover.ts";
import type { Claim, InTime, Wanted } from "./waiters.ts";
import type { WarmGroup } from "./warm-group.ts";
import { type ProfileSandboxes, WarmSandboxes } from "./warm-sandboxes.ts";

/** Milliseconds from a lease until its successor is started. */
const REFILL_AFTER = 50;
/** Milliseconds between two looks at those who wait. */
const LOOK_EVERY = 10;

/**
 * Keeps sandboxes warm, hands each out once, and starts its successor afterwards. A sandbox goes
 * warm → leased → destroyed and never back. A sandbox kept for a key is leased again, for that key
 * alone. One prepared for a tenant's grant serves nothing else. Tenants get sandboxes in turn, and
 * none gets all: see docs/adr/0011-tenants-in-the-pool.md.
 */
export class Pool {
  /** Called for each sandbox that has been started. */
  readonly onSpawn = new Set<(sandbox: Sandbox) => void>();
  /** Called for each sandbox that has ended and used resources after its last job. */
  readonly onIdleUsage = new Set<(usage: Omit<IdleUsage, "level">) => void>();
  readonly #options: PoolOptions;
  readonly #warmSandboxes: WarmSandboxes;
  readonly #kept: KeptSandboxes;
  readonly #prepared: PreparedSandboxes;
  readonly #shares = new Shares();
  readonly #turnover = new Turnover();
  readonly #patience: Patience;
  readonly #retiring = new Map<Sandbox, Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  readonly #looking = new Delayed(() => this.#balance(), LOOK_EVERY);
  #lastHealthCheck = Date.now();
  readonly #halt: Halt;
  readonly #launcher: Launcher;
  readonly #starts: Starts;

  /**
   * Keeps nothing warm until `prewarm()`. If `halted` is given, hands out nothing until
   * `resume()`.
   */
  constructor(launcher: Launcher, options: PoolOptions, halted?: IsolateError) {
    this.#options = options;
    this.#halt = new Halt(halted);
    this.#warmSandboxes = new WarmSandboxes(options, this.#shares);
    const { reuse = DEFAULT_REUSE, prepared = 0 } = options;
    const { min, max, idle, healthInterval, onError } = options;
    const retire = (sandbox: Sandbox): void => void this.#retire(sandbox);
    const atMost = (count: number): number => Math.min(count, max - min);
    const demand = (key: string): number => this.#turnover.demand(key);
    const most = reuse.total && atMost(max);
    this.#kept = new KeptSandboxes({ ...reuse, most }, demand, retire);
    this.#patience = new Patience(this.#turnover, most);
    const total = launcher.prepares ? atMost(prepared) : 0;
    this.#prepared = new PreparedSandboxes({ total, each: min }, retire);
    this.#launcher = launcher;
    this.#starts = new Starts({
      onSpawn: (sandbox) => {
        for (const listener of this.onSpawn) listener(sandbox);
      },
      isHalted: () => this.#halt.reason !== undefined,
      onPlaced: () => this.#serve(),
      retire,
      onFree: () => this.#balance(),
      onError,
    });
    const every = Math.max(10, Math.min(healthInterval, idle / 2, reuse.idle / 2));
    this.#timer = setInterval(() => this.#sweep(), every).unref();
  }

  /** Pauses after starts that fail. */
  get backOff(): BackOff {
    return this.#starts.backOff;
  }

  get warm(): number {
    return this.#warmSandboxes.warm + this.#prepared.size;
  }

  /** Number of requests that wait for a sandbox. */
  get waiting(): number {
    return this.#warmSandboxes.waitingCount;
  }

  get starting(): number {
    return this.#starts.size;
  }

  get leased(): number {
    return this.#shares.size;
  }

  get kept(): number {
    return this.#kept.size;
  }

  keptOf(tenant: string): Sandbox[] {
    return this.#kept.of(tenant);
  }

  /** True once it has been closed, for good. */
  get closed(): boolean {
    return this.#halt.reason instanceof ShuttingDown;
  }

  /** Reason why nothing is handed out at present. */
  get halted(): IsolateError | undefined {
    return this.#halt.reason;
  }

  /** Milliseconds for which it has been halted: 0 if it is not, and endless if waiting is in vain. */
  get haltedFor(): number {
    return this.#halt.age;
  }

  /**
   * Leases a sandbox of the profile, at once if one is idle for the key. Without one, takes one prepared
   * for the grant, or a warm one that the tenant may have (`#mayTakeLast`). Waits if sandboxes of the key
   * will be free soon, and while the pool is halted. Rejects with the signal's reason when it is
   * aborted, and with the reason why none can be started.
   *
   * @throws {HostBusy} if the queue is full.
   * @throws {TenantBusy} if the tenant fills the queue itself, or another one needs the place more.
   */
  acquire(profile: Profile, signal: AbortSignal, claim: Claim = {}): Promise<Sandbox> {
    const { tenant = SOLE_TENANT.id, key, goesRound, worker } = claim;
    if (this.haltedFor === Number.POSITIVE_INFINITY) return Promise.reject(this.#halt.reason);
    this.#shares.note(tenant);
    const reused = this.#takeKept(profile, key);
    const wanted = { tenant, key, goesRound };
    if (reused !== undefined) return Promise.resolve(this.#lease(reused, wanted, false));
    const profileSandboxes = this.#warmSandboxes.use(profile, tenant);
    const grant = worker && this.#prepared.note({ tenant, profile, worker });
    const { waiting } = profileSandboxes;
    const isSoon = key !== undefined && this.#soon(profile)(key, waiting.of(key) + 1);
    const isFull = this.waiting >= this.#options.maxWaiting;
    const prepared = (isFull || !isSoon) && grant && this.#prepared.take(grant);
    const mayTake = (isFull || !isSoon) && this.#mayTake(profileSandboxes, tenant);
    const unused = prepared || (mayTake ? profileSandboxes.pop() : undefined);
    if (unused) {
      this.#balanceLater();
      return Promise.resolve(this.#lease(unused, wanted, true));
    }
    if (isFull) {
      const refusal = makePlace(this.#warmSandboxes.waiters(), tenant, this.#shares.tenants);
      if (refusal !== undefined) return Promise.reject(this.#halt.reason ?? refusal);
    }
    const leased = waiting.wait(signal, { ...wanted, grant });
    this.#balance();
    return leased;
  }

  /**
   * Takes back a leased sandbox that can run its key again. It goes to the next waiter if that has
   * the same key. Otherwise it stays idle until it is requested or its place is needed. One that was
   * `renewed` has no code of the key left in it.
   */
  keep(sandbox: Sandbox, key: string, renewed = false): void {
    const tenant = this.#shares.release(sandbox);
    this.#turnover.end(sandbox);
    if (tenant === undefined) return;
    if (this.#halt.reason !== undefined || !this.#kept.put(sandbox, key, tenant, renewed)) {
      void this.#retire(sandbox);
      this.#balance();
      return;
    }
    const [profileSandboxes] = this.#warmSandboxes.byUrgency();
    const first = profileSandboxes?.waiting.next();
    const next = profileSandboxes && first && this.#takeKept(profileSandboxes.profile, first.key);
    if (first && next) first.resolve(this.#lease(next, first, false));
    // Waiters for room come before the key's other waiters.
    if (this.#alive >= this.#options.max) this.#balance();
    this.#offer(sandbox.profile, key);
    this.#balance();
    for (const gone of this.#kept.settle(sandbox)) void this.#retire(gone);
  }

  /** Gives an idle sandbox of a key to its first waiter. */
  #offer(profile: Profile, key: string): void {
    const waiter = this.#warmSandboxes.waiting(profile)?.firstOf(key);
    const reused = waiter && this.#takeKept(profile, key);
    if (waiter && reused) waiter.resolve(this.#lease(reused, waiter, false));
  }

  /** Leases a sandbox. One that is not `fresh` has served the tenant before. */
  #lease(sandbox: Sandbox, { tenant, key, goesRound }: Wanted, fresh: boolean): Sandbox {
    if (key !== undefined) this.#turnover.begin(sandbox, fullKey(sandbox.profile, key), goesRound);
    return this.#shares.lease(sandbox, tenant, fresh);
  }

  #soon(profile: Profile): InTime {
    return this.#patience.soon(profile, this.#starts.expected);
  }

  #mayTake(profileSandboxes: ProfileSandboxes, tenant: string): boolean {
    const { length } = profileSandboxes.warm;
    return length > 1 || (length === 1 && this.#mayTakeLast(profileSandboxes, tenant));
  }

  /**
   * Tells whether a tenant may have the last warm sandbox: if it is starved, or has none and no
   * other can be started.
   */
  #mayTakeLast(profileSandboxes: ProfileSandboxes, tenant: string): boolean {
    if (!profileSandboxes.reserves || this.#shares.isStarved(tenant)) return true;
    return this.#shares.leased(tenant) === 0 && !this.#canStart;
  }

  get #canStart(): boolean {
    if (this.#starts.size + this.#retiring.size > 0) return true;
    return !this.backOff.pausing && this.#alive < this.#options.max;
  }

  get #alive(): number {
    const idle = this.warm + this.#kept.size;
    return idle + this.#shares.size + this.#starts.size + this.#retiring.size;
  }

  #takeKept(profile: Profile, key: string | undefined): Sandbox | undefined {
    if (key === undefined) return undefined;
    for (const sandbox of this.#kept.takeExpired()) void this.#retire(sandbox);
    return this.#kept.take(profile, key);
  }

  /** Ends a leased sandbox and starts missing ones. Failures go to `onError`. */
  async discard(sandbox: Sandbox): Promise<void> {
    this.#shares.release(sandbox);
    this.#turnover.end(sandbox);
    const gone = this.#retire(sandbox);
    this.#balance();
    await gone;
  }

  /** Ends a sandbox, idle or leased. A leased one leaves the pool with its run, which fails. */
  async kill(sandbox: Sandbox): Promise<void> {
    this.#starts.kill(sandbox);
    const groups = [...this.#warmSandboxes, ...this.#prepared];
    const isIdle = this.#kept.remove(sandbox) || groups.some((group) => group.take(sandbox));
    await (isIdle ? this.#retire(sandbox) : sandbox.destroy().catch(this.#options.onError));
  }

  /**
   * Ends idle sandboxes and hands out none until `resume()`. Requests wait, unless that is
   * `inVain`. No-op once closed.
   */
  halt(reason: IsolateError, inVain = false): void {
    if (this.closed) return;
    this.#halt.begin(reason, inVain);
    this.backOff.cancel();
    const idle = [...this.#kept.clear(), ...this.#prepared.clear(), ...this.#warmSandboxes.clear()];
    if (inVain) for (const waiter of this.#warmSandboxes.waiters()) waiter.reject(reason);
    for (const sandbox of idle) void this.#retire(sandbox);
  }

  /** Keeps `min` sandboxes warm from now on, and prepares some for recent grants. */
  prewarm(): void {
    this.#warmSandboxes.keepWarm();
    this.#prepared.keepWarm();
    this.#balance();
  }

  /** Replaces all idle sandboxes, unless the pool is halted. */
  renew(): void {
    if (this.#halt.reason !== undefined) return;
    this.halt(new EngineUnavailable("The sandboxes are being replaced", { retryAfter: 2 }));
    this.resume();
  }

  /** Ends a halt, except for the final one of `close()`. */
  resume(): void {
    if (this.closed) return;
    this.#halt.end();
    this.backOff.reset();
    this.#balance();
  }

  /** Ends every sandbox, including leased ones, and refuses requests from now on. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.halt(new ShuttingDown(), true);
    for (const sandbox of this.#shares.all()) void this.discard(sandbox);
    await this.#starts.settled();
    await Promise.all(this.#retiring.values());
  }

  /** Balances when an ordinary execution has answered. A long one must not delay the rest. */
  #balanceLater(): void {
    setTimeout(() => this.#balance(), REFILL_AFTER).unref();
  }

  /** Hands out sandboxes, then starts those that waiters and the warm reserve need. */
  #balance(): void {
    if (this.#halt.reason !== undefined) return;
    this.#serve();
    while (!this.backOff.pausing && this.#starts.size < this.#options.startConcurrency) {
      const profiles = this.#warmSandboxes.byUrgency();
      const group: WarmGroup | undefined =
        profiles.find((each) => this.#lacks(each) && this.#hasRoomFor(each)) ?? this.#unprepared();
      if (group === undefined) break;
      const { profile, worker, hurried } = group;
      const isAwaited = (): boolean => group.hurried === true;
      this.#starts.follow(this.#launcher.launch(profile, worker, hurried, isAwaited), group);
    }
    // Requests may wait for sandboxes that take longer than expected.
    if (this.waiting > 0) this.#looking.ask();
  }

  /** Tells whether a start would serve somebody sooner than the sandboxes there are. */
  #lacks(profileSandboxes: ProfileSandboxes): boolean {
    return profileSandboxes.missing(this.#inNeed(profileSandboxes)) > 0;
  }

  /** Number of requests that a start serves sooner than the sandboxes of their key do. */
  #inNeed({ profile, waiting }: ProfileSandboxes): number {
    return waiting.unserved(this.#patience.beforeStart(profile, this.#starts.expected)).length;
  }

  /** Returns a recent grant to prepare a sandbox for, if there is room that nobody waits for. */
  #unprepared(): WarmGroup | undefined {
    const isNeeded = [...this.#warmSandboxes].some((each) => this.#inNeed(each) > 0);
    return isNeeded || this.#alive >= this.#options.max ? undefined : this.#prepared.missing();
  }

  /** Gives warm sandboxes to waiters in their turn, if they may have them. */
  #serve(): void {
    for (const { key, profile, warm } of this.#prepared) {
      if (warm.length === 0) continue;
      const waiters = this.#warmSandboxes.waiting(profile)?.unserved(this.#soon(profile));
      const waiter = waiters?.find(({ grant }) => grant === key);
      const prepared = waiter && this.#prepared.take(key);
      if (waiter && prepared) waiter.resolve(this.#lease(prepared, waiter, true));
    }
    for (const profileSandboxes of this.#warmSandboxes) {
      while (profileSandboxes.warm.length > 0) {
        const next = profileSandboxes.waiting.next(this.#soon(profileSandboxes.profile));
        if (next === undefined || !this.#mayTake(profileSandboxes, next.tenant)) break;
        const unused = profileSandboxes.pop();
        if (unused) next.resolve(this.#lease(unused, next, true));
      }
    }
  }

  #hasRoomFor(profileSandboxes: ProfileSandboxes): boolean {
    if (this.#alive < this.#options.max) return true;
    const spare = takeSpareFor(profileSandboxes, {
      warmSandboxes: this.#warmSandboxes,
      kept: this.#kept,
      prepared: this.#prepared,
      shares: this.#shares,
      inNeed: this.#inNeed(profileSandboxes),
      retiring: this.#retiring.size,
      mayTake: (other, tenant) => this.#mayTake(other, tenant),
    });
    if (spare !== undefined) void this.#retire(spare);
    return false;
  }

  async #retire(sandbox: Sandbox): Promise<void> {
    const gone = sandbox.destroy().catch(this.#options.onError);
    this.#retiring.set(sandbox, gone);
    // Waiters do not wait for this if there is room.
    await gone;
    const rest = this.#shares.restOf(sandbox);
    if (rest !== undefined) for (const listener of this.onIdleUsage) listener(rest);
    this.#retiring.delete(sandbox);
    this.#balance();
  }

  #sweep(): void {
    const now = Date.now();
    this.#shares.prune();
    this.#prepared.expire();
    const kept = [...this.#kept.takeExpired(), ...this.#kept.takeExcess()];
    for (const one of [...kept, ...this.#warmSandboxes.takeIdle(now)]) void this.#retire(one);
    if (now - this.#lastHealthCheck >= this.#options.healthInterval) {
      this.#lastHealthCheck = now;
      const groups = [...this.#warmSandboxes, ...this.#prepared];
      checkHealth(groups, this.#kept, (sandbox, error) => {
        this.#options.onError(error);
        void this.#retire(sandbox);
      });
    }
    this.#balance();
  }
}
