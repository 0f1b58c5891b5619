import { EngineUnavailable } from "../../base/errors.ts";
import { type Profile, profileKey, type Sandbox } from "../contract/contract.ts";
import { RunDirectoryGone } from "../instance/instance.ts";
import { ProfileUnavailable } from "./profile-unavailable.ts";
import { EXPECTED_AGAIN, type Shares } from "./shares.ts";
import { type Waiter, Waiters } from "./waiters.ts";
import { takeFrom, type WarmGroup, type WarmSandbox } from "./warm-group.ts";

interface Use {
  readonly tenant: string;
  readonly at: number;
}

/** Warm sandboxes of one profile, and the requests that wait for one. */
export class ProfileSandboxes implements WarmGroup {
  readonly profile: Profile;
  readonly warm: WarmSandbox[] = [];
  readonly waiting: Waiters;
  starting = 0;
  /** Number of sandboxes to keep warm without waiters, for a single tenant. */
  wanted: number;
  #last: Use;
  #lastByAnother: Use | undefined;

  constructor(profile: Profile, wanted: number, shares: Shares) {
    this.waiting = new Waiters(shares);
    this.profile = profile;
    this.wanted = wanted;
    this.#last = { tenant: "", at: Date.now() };
  }

  /** Time of the last request for a sandbox, in milliseconds since the epoch. */
  get lastUse(): number {
    return this.#last.at;
  }

  /** Records a tenant's request for a sandbox of this profile. */
  use(tenant: string): void {
    const { tenant: before } = this.#last;
    if (before !== tenant && before !== "") this.#lastByAnother = this.#last;
    this.#last = { tenant, at: Date.now() };
  }

  /** True if the last warm sandbox is reserved, because several tenants use this profile. */
  get reserves(): boolean {
    const { at = Number.NEGATIVE_INFINITY } = this.#lastByAnother ?? {};
    return this.wanted > 0 && Date.now() - at < EXPECTED_AGAIN;
  }

  /** Number of sandboxes to keep warm without waiters, including the reserved one. */
  get target(): number {
    return this.reserves ? this.wanted + 1 : this.wanted;
  }

  /** True while requests wait: they get whatever is ready first, those for the reserve, too. */
  get hurried(): boolean {
    return this.waiting.size > 0;
  }

  /** Number of starts needed for this many waiters and for the warm reserve. */
  missing(waiters: number): number {
    const idle = Math.max(0, this.target - this.warm.length);
    return waiters + idle - this.starting;
  }

  /**
   * Rejects the first waiter after a failed start, if `isTold`. Returns true if only this profile
   * fails. Then all waiters are rejected and none is kept warm, so that other profiles do not wait
   * for repeated failures.
   */
  fail(error: unknown, isTold: boolean): boolean {
    if (error instanceof ProfileUnavailable) {
      this.wanted = 0;
      for (const waiter of [...this.waiting]) waiter.reject(error);
      return true;
    }
    const message = "A sandbox could not be started; the server's log has the reason";
    const known = error instanceof RunDirectoryGone;
    if (!known && !isTold) return false;
    const told = known ? error : new EngineUnavailable(message, { cause: error, retryAfter: 2 });
    this.waiting.next()?.reject(told);
    return false;
  }

  /** Removes and returns the warm sandbox that was started last. */
  pop(): Sandbox | undefined {
    return this.warm.pop()?.sandbox;
  }

  put(sandbox: Sandbox): boolean {
    this.warm.push({ sandbox, since: Date.now() });
    return true;
  }

  take(sandbox: Sandbox): boolean {
    return takeFrom(this.warm, sandbox);
  }
}

/**
 * Manages the warm sandboxes of all profiles. A profile that has not been used for the idle time is
 * forgotten.
 */
export class WarmSandboxes implements Iterable<ProfileSandboxes> {
  readonly #profiles = new Map<string, ProfileSandboxes>();
  readonly #default: ProfileSandboxes;
  readonly #shares: Shares;
  readonly #idle: number;
  readonly #min: number;
  #keep = false;

  constructor(options: { profile: Profile; min: number; idle: number }, shares: Shares) {
    this.#shares = shares;
    this.#idle = options.idle;
    this.#min = options.min;
    this.#default = new ProfileSandboxes(options.profile, 0, shares);
    this.#profiles.set(profileKey(options.profile), this.#default);
  }

  [Symbol.iterator](): Iterator<ProfileSandboxes> {
    return this.#profiles.values();
  }

  /** Keeps the default profile warm from now on, and one sandbox of each other profile in use. */
  keepWarm(): void {
    this.#keep = true;
    this.#default.wanted = this.#min;
  }

  get warm(): number {
    return this.#sum((profileSandboxes) => profileSandboxes.warm.length);
  }

  get waitingCount(): number {
    return this.#sum((profileSandboxes) => profileSandboxes.waiting.size);
  }

  /** Lists the waiters for all profiles. */
  waiters(): Waiter[] {
    return [...this].flatMap(({ waiting }) => [...waiting]);
  }

  /** Returns the requests that wait for a profile, if there may be any. */
  waiting(profile: Profile): Waiters | undefined {
    return this.#profiles.get(profileKey(profile))?.waiting;
  }

  /**
   * Returns the sandboxes of a profile that a tenant is about to use. One sandbox of a used profile
   * is kept warm.
   */
  use(profile: Profile, tenant: string): ProfileSandboxes {
    const key = profileKey(profile);
    let profileSandboxes = this.#profiles.get(key);
    if (profileSandboxes === undefined) {
      profileSandboxes = new ProfileSandboxes(profile, this.#keep ? 1 : 0, this.#shares);
      this.#profiles.set(key, profileSandboxes);
    }
    profileSandboxes.use(tenant);
    return profileSandboxes;
  }

  /**
   * Lists the profiles in the order of their starts:
   * - those for which a starved tenant waits
   * - those that lack their reserved sandbox
   * - those with other waiters
   * - those without waiters
   */
  byUrgency(): ProfileSandboxes[] {
    return [...this]
      .map((profileSandboxes) => ({ profileSandboxes, ...urgency(profileSandboxes) }))
      .sort((a, b) => a.rank - b.rank || compareFirst(a.first, b.first, this.#shares))
      .map(({ profileSandboxes }) => profileSandboxes);
  }

  /** Removes and returns the longest idle warm sandbox of another profile that may lose one. */
  oldestWarmBeside(
    profileSandboxes: ProfileSandboxes,
    mayLose: (other: ProfileSandboxes) => boolean,
  ): Sandbox | undefined {
    const [oldest] = [...this]
      .filter((other) => other !== profileSandboxes && other.warm.length > 0 && mayLose(other))
      .sort((a, b) => (a.warm[0]?.since ?? 0) - (b.warm[0]?.since ?? 0));
    return oldest?.warm.shift()?.sandbox;
  }

  /**
   * Removes and returns sandboxes that have been idle for too long, and forgets unused profiles.
   */
  takeIdle(now: number): Sandbox[] {
    const idle: Sandbox[] = [];
    for (const [key, profileSandboxes] of this.#profiles) {
      if (profileSandboxes !== this.#default && now - profileSandboxes.lastUse > this.#idle)
        profileSandboxes.wanted = 0;
      while (profileSandboxes.warm.length > profileSandboxes.target) {
        const [oldest] = profileSandboxes.warm;
        if (oldest === undefined || now - oldest.since <= this.#idle) break;
        profileSandboxes.warm.shift();
        idle.push(oldest.sandbox);
      }
      const empty =
        profileSandboxes.warm.length + profileSandboxes.waiting.size + profileSandboxes.starting ===
        0;
      if (profileSandboxes.wanted === 0 && empty && profileSandboxes !== this.#default)
        this.#profiles.delete(key);
    }
    return idle;
  }

  /** Removes and returns all warm sandboxes. */
  clear(): Sandbox[] {
    return [...this].flatMap(({ warm }) => warm.splice(0).map(({ sandbox }) => sandbox));
  }

  #sum(count: (profileSandboxes: ProfileSandboxes) => number): number {
    let total = 0;
    for (const profileSandboxes of this) total += count(profileSandboxes);
    return total;
  }
}

function urgency(profileSandboxes: ProfileSandboxes): { rank: number; first: Waiter | undefined } {
  const first = profileSandboxes.waiting.next();
  if (profileSandboxes.waiting.starved > profileSandboxes.starting) return { rank: 0, first };
  if (profileSandboxes.reserves && profileSandboxes.warm.length + profileSandboxes.starting === 0)
    return { rank: 1, first };
  return { rank: first === undefined ? 3 : 2, first };
}

function compareFirst(a: Waiter | undefined, b: Waiter | undefined, shares: Shares): number {
  if (a === undefined || b === undefined) return 0;
  return shares.compare(a.tenant, b.tenant) || a.since - b.since;
}
