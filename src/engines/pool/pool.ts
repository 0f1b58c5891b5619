import { EngineUnavailable, type IsolateError, ShuttingDown } from "../../base/errors.ts";
import { DEFAULT_REUSE } from "../../config/reuse-limits.ts";
import { SOLE_TENANT } from "../../request/tenant.ts";
import type { IdleUsage, Launcher, Profile, Sandbox } from "../contract/contract.ts";
import type { BackOff } from "./back-off.ts";
import { Halt } from "./halt.ts";
import { checkHealth } from "./health-check.ts";
import { KeptSandboxes } from "./kept-sandboxes.ts";
import type { PoolOptions } from "./pool-options.ts";
import { PreparedSandboxes } from "./prepared-sandboxes.ts";
import { makePlace } from "./queue-place.ts";
import { Shares } from "./shares.ts";
import { Starts } from "./starts.ts";
import { Turnover } from "./turnover.ts";
import type { Claim, Wanted } from "./waiters.ts";
import type { WarmGroup } from "./warm-group.ts";
import { type ProfileSandboxes, WarmSandboxes } from "./warm-sandboxes.ts";

const REFILL_AFTER = 50;

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
  readonly #retiring = new Map<Sandbox, Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #looking: NodeJS.Timeout | undefined;
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
    const { min, max, idle, healthInterval } = options;
    const retire = (sandbox: Sandbox): void => void this.#retire(sandbox);
    const atMost = (count: number): number => Math.min(count, max - min);
    this.#kept = new KeptSandboxes({ ...reuse, total: atMost(reuse.total) }, retire);
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
      onError: options.onError,
    });
    this.#timer = setInterval(
      () => this.#sweep(),
      Math.max(10, Math.min(healthInterval, idle / 2, reuse.idle / 2)),
    );
    this.#timer.unref();
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
    return this.#warmSandboxes.waiting;
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
   * Leases a sandbox of the profile, at once if one is idle for the key, prepared for the grant, or
   * warm. Rejects with the signal's reason when it is aborted, and with the reason why none can be
   * started. While the pool is halted, it waits.
   *
   * @throws {HostBusy} if the queue is full.
   * @throws {TenantBusy} if the tenant fills the queue itself, or another tenant needs the place
   * more.
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
    const prepared = grant && this.#prepared.take(grant);
    if (prepared) {
      this.#balanceLater();
      return Promise.resolve(this.#lease(prepared, wanted, true));
    }
    if (this.#mayTake(profileSandboxes, tenant)) {
      const leased = Promise.resolve(this.#leaseWarm(profileSandboxes, wanted));
      this.#balanceLater();
      return leased;
    }
    if (this.#warmSandboxes.waiting >= this.#options.maxWaiting) {
      const refusal = makePlace(this.#warmSandboxes.waiters(), tenant, this.#shares.tenants);
      if (refusal !== undefined) return Promise.reject(this.#halt.reason ?? refusal);
    }
    const leased = profileSandboxes.waiting.wait(signal, { ...wanted, grant });
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
    if (this.#halt.reason !== undefined) {
      void this.#retire(sandbox);
      return;
    }
    for (const gone of this.#kept.put(sandbox, key, tenant, renewed)) void this.#retire(gone);
    const [profileSandboxes] = this.#warmSandboxes.byUrgency();
    const first = profileSandboxes?.waiting.next();
    const next = profileSandboxes && first && this.#takeKept(profileSandboxes.profile, first.key);
    if (first && next) first.resolve(this.#lease(next, first, false));
    this.#balance();
    // Unless the next waiter has taken its place.
    this.#offer(sandbox.profile, key);
  }

  /** Gives an idle sandbox of a key to the first waiter with that key. */
  #offer(profile: Profile, key: string): void {
    const waiter = this.#warmSandboxes.waiters(profile).find((each) => each.key === key);
    const reused = waiter && this.#takeKept(profile, key);
    if (waiter && reused) waiter.resolve(this.#lease(reused, waiter, false));
  }

  /** Leases a sandbox. One that is not `fresh` has served the tenant before. */
  #lease(sandbox: Sandbox, { tenant, key, goesRound }: Wanted, fresh: boolean): Sandbox {
    if (goesRound && key !== undefined) this.#turnover.begin(sandbox, key);
    return this.#shares.lease(sandbox, tenant, fresh);
  }

  #leaseWarm(profileSandboxes: ProfileSandboxes, wanted: Wanted): Sandbox {
    const warm = profileSandboxes.warm.pop();
    if (warm === undefined) throw new Error("There is no warm sandbox to lease");
    return this.#lease(warm.sandbox, wanted, true);
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
    const unused = [...this.#prepared.clear(), ...this.#warmSandboxes.clear()];
    if (inVain) for (const waiter of this.#warmSandboxes.waiters()) waiter.reject(reason);
    for (const sandbox of [...this.#kept.clear(), ...unused]) void this.#retire(sandbox);
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
      this.#starts.follow(this.#launcher.launch(profile, worker, hurried), group);
    }
    this.#lookAgain();
  }

  /** Tells whether a start would serve somebody sooner than the sandboxes there are. */
  #lacks(profileSandboxes: ProfileSandboxes): boolean {
    const wait = (key: string, position: number): number => this.#turnover.wait(key, position);
    const needing = profileSandboxes.waiting.inNeed(wait, this.#starts.expected);
    return profileSandboxes.missing(needing) > 0;
  }

  /** Balances again while requests wait for sandboxes that may take longer than expected. */
  #lookAgain(): void {
    if (this.#looking !== undefined || this.#warmSandboxes.waiting === 0) return;
    this.#looking = setTimeout(() => {
      this.#looking = undefined;
      this.#balance();
    }, REFILL_AFTER).unref();
  }

  /** Returns a recent grant to prepare a sandbox for, if there is room that nobody waits for. */
  #unprepared(): WarmGroup | undefined {
    const hasRoom = this.#warmSandboxes.waiting === 0 && this.#alive < this.#options.max;
    return hasRoom ? this.#prepared.missing() : undefined;
  }

  /** Gives warm sandboxes to waiters in their turn, if they may have them. */
  #serve(): void {
    for (const { key, profile, warm } of this.#prepared) {
      if (warm.length === 0) continue;
      const waiter = this.#warmSandboxes.waiters(profile).find(({ grant }) => grant === key);
      const prepared = waiter && this.#prepared.take(key);
      if (waiter && prepared) waiter.resolve(this.#lease(prepared, waiter, true));
    }
    for (const profileSandboxes of this.#warmSandboxes) {
      for (;;) {
        const next = profileSandboxes.waiting.next();
        if (next === undefined || !this.#mayTake(profileSandboxes, next.tenant)) break;
        next.resolve(this.#leaseWarm(profileSandboxes, next));
      }
    }
  }

  #hasRoomFor(profileSandboxes: ProfileSandboxes): boolean {
    if (this.#alive < this.#options.max) return true;
    const spare = this.#spareFor(profileSandboxes);
    if (spare !== undefined) void this.#retire(spare);
    return false;
  }

  /** Removes and returns an idle sandbox that is needed less than another one of a profile. */
  #spareFor(profileSandboxes: ProfileSandboxes): Sandbox | undefined {
    const { waiting, warm, starting } = profileSandboxes;
    const first = waiting.next();
    // A prepared one gives way to the last one that anybody can use, too.
    const needed = first ? waiting.size : Number(warm.length + starting === 0);
    if (needed <= this.#retiring.size) return undefined;
    const prepared = this.#prepared.takeFor(first?.tenant);
    if (prepared !== undefined || first === undefined) return prepared;
    const { tenant } = first;
    const mayLose = (other: ProfileSandboxes): boolean => this.#mayTake(other, tenant);
    return (
      this.#kept.takeFor(tenant, this.#shares) ??
      this.#warmSandboxes.oldestWarmBeside(profileSandboxes, mayLose)
    );
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
    const idle = [...this.#kept.takeExpired(), ...this.#warmSandboxes.takeIdle(now)];
    for (const sandbox of idle) void this.#retire(sandbox);
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
