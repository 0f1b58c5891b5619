import { EngineUnavailable, type IsolateError } from "../../base/errors.ts";
import { type Profile, profileKey, type Sandbox } from "../contract/contract.ts";
import { RunDirectoryGone } from "../instance/instance.ts";
import { ProfileUnavailable } from "./profile-unavailable.ts";
import { EXPECTED_AGAIN, type Shares } from "./shares.ts";
import { type Waiter, Waiters } from "./waiters.ts";

interface Use {
  readonly tenant: string;
  readonly at: number;
}

/** The warm sandboxes of one profile and those who wait for one. */
export class ProfileSandboxes {
  readonly profile: Profile;
  readonly warm: { sandbox: Sandbox; since: number }[] = [];
  readonly waiting: Waiters;
  /** Starts under way. */
  starting = 0;
  /** Sandboxes to keep warm when nobody waits, for a single tenant. */
  wanted: number;
  #last: Use;
  #lastByAnother: Use | undefined;

  constructor(profile: Profile, wanted: number, shares: Shares) {
    this.waiting = new Waiters(shares);
    this.profile = profile;
    this.wanted = wanted;
    this.#last = { tenant: "", at: Date.now() };
  }

  /** When it was last asked for a sandbox. */
  get lastUse(): number {
    return this.#last.at;
  }

  /** A tenant asks for a sandbox of this profile. */
  use(tenant: string): void {
    const { tenant: before } = this.#last;
    if (before !== tenant && before !== "") this.#lastByAnother = this.#last;
    this.#last = { tenant, at: Date.now() };
  }

  /** Whether its last warm sandbox is set aside: several tenants use what is kept warm here. */
  get reserves(): boolean {
    const { at = Number.NEGATIVE_INFINITY } = this.#lastByAnother ?? {};
    return this.wanted > 0 && Date.now() - at < EXPECTED_AGAIN;
  }

  /** Sandboxes to keep warm when nobody waits: the one that is set aside comes on top. */
  get target(): number {
    return this.reserves ? this.wanted + 1 : this.wanted;
  }

  /** Starts it takes to serve everybody waiting and to keep as many warm as wanted. */
  get missing(): number {
    const idle = Math.max(0, this.target - this.warm.length);
    return this.waiting.size + idle - this.starting;
  }

  /**
   * Tells the first who waits why a start failed. Returns true if only this profile fails. Then all who wait
   * are told and none is kept warm, so that no other profile waits for what fails every time.
   */
  fail(error: unknown): boolean {
    if (error instanceof ProfileUnavailable) {
      this.wanted = 0;
      for (const waiter of [...this.waiting]) waiter.reject(error);
      return true;
    }
    const message = "A sandbox could not be started";
    const known = error instanceof RunDirectoryGone;
    const told = known ? error : new EngineUnavailable(message, { cause: error, retryAfter: 2 });
    this.waiting.next()?.reject(told);
    return false;
  }

  /** Takes a warm sandbox off the shelf; false if it is there no more. */
  take(sandbox: Sandbox): boolean {
    const index = this.warm.findIndex((item) => item.sandbox === sandbox);
    if (index >= 0) this.warm.splice(index, 1);
    return index >= 0;
  }
}

/** One shelf a profile; a profile nobody has used for the idle time is forgotten. */
export class WarmSandboxes implements Iterable<ProfileSandboxes> {
  readonly #warmSandboxes = new Map<string, ProfileSandboxes>();
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
    this.#warmSandboxes.set(profileKey(options.profile), this.#default);
  }

  [Symbol.iterator](): Iterator<ProfileSandboxes> {
    return this.#warmSandboxes.values();
  }

  /** Keeps as many of the default profile warm as wanted from now on, and one of each other that comes into use. */
  keepWarm(): void {
    this.#keep = true;
    this.#default.wanted = this.#min;
  }

  get warm(): number {
    return this.#sum((profileSandboxes) => profileSandboxes.warm.length);
  }

  get waiting(): number {
    return this.#sum((profileSandboxes) => profileSandboxes.waiting.size);
  }

  /** Everybody who waits, for a sandbox of the profile, or of any. */
  waiters(profile?: Profile): Waiter[] {
    if (profile === undefined) return [...this].flatMap(({ waiting }) => [...waiting]);
    return [...(this.#warmSandboxes.get(profileKey(profile))?.waiting ?? [])];
  }

  /** The shelf of a profile a tenant is about to use. A profile in use has one sandbox kept warm. */
  use(profile: Profile, tenant: string): ProfileSandboxes {
    const key = profileKey(profile);
    let profileSandboxes = this.#warmSandboxes.get(key);
    if (profileSandboxes === undefined) {
      profileSandboxes = new ProfileSandboxes(profile, this.#keep ? 1 : 0, this.#shares);
      this.#warmSandboxes.set(key, profileSandboxes);
    }
    profileSandboxes.use(tenant);
    return profileSandboxes;
  }

  /**
   * Shelves in the order their sandboxes are to be started: those a starved tenant waits at, those
   * that have nothing set aside for one, those somebody waits at, and those nobody does.
   */
  byUrgency(): ProfileSandboxes[] {
    return [...this]
      .map((profileSandboxes) => ({ profileSandboxes, ...urgency(profileSandboxes) }))
      .sort((a, b) => a.rank - b.rank || compareFirst(a.first, b.first, this.#shares))
      .map(({ profileSandboxes }) => profileSandboxes);
  }

  /** Takes the warm sandbox that has been idle longest on any shelf but `shelf` that may lose one. */
  oldestWarmBeside(
    profileSandboxes: ProfileSandboxes,
    mayLose: (other: ProfileSandboxes) => boolean,
  ): Sandbox | undefined {
    const [oldest] = [...this]
      .filter((other) => other !== profileSandboxes && other.warm.length > 0 && mayLose(other))
      .sort((a, b) => (a.warm[0]?.since ?? 0) - (b.warm[0]?.since ?? 0));
    return oldest?.warm.shift()?.sandbox;
  }

  /** Takes what has been idle for too long, and forgets the profiles nobody uses. */
  takeIdle(now: number): Sandbox[] {
    const idle: Sandbox[] = [];
    for (const [key, profileSandboxes] of this.#warmSandboxes) {
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
        this.#warmSandboxes.delete(key);
    }
    return idle;
  }

  /** Takes every warm sandbox and turns everybody who waits away. */
  clear(reason: IsolateError): Sandbox[] {
    const all: Sandbox[] = [];
    for (const profileSandboxes of this) {
      all.push(...profileSandboxes.warm.splice(0).map((item) => item.sandbox));
      for (const waiter of [...profileSandboxes.waiting]) waiter.reject(reason);
    }
    return all;
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
