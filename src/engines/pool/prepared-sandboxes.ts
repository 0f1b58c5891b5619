import { createHash } from "node:crypto";
import type { WorkerGrant } from "../../protocol/grants.ts";
import { type Profile, profileKey, type Sandbox } from "../contract/contract.ts";
import { mostOf } from "./most-of.ts";
import { RecentGrants } from "./recent-grants.ts";
import { takeFrom, type WarmGroup, type WarmSandbox } from "./warm-group.ts";

/** Characters of a grant's JSON above which nothing is prepared for it. */
const MAX_GRANT = 65_536;

/** Permissions of a tenant's execution in one profile. */
export interface TenantGrant {
  readonly tenant: string;
  readonly profile: Profile;
  readonly worker: WorkerGrant;
}

/** Sandboxes with a worker for one grant of one tenant. They serve no other request. */
class GrantSandboxes implements WarmGroup {
  readonly key: string;
  readonly tenant: string;
  readonly profile: Profile;
  readonly worker: WorkerGrant;
  readonly warm: WarmSandbox[] = [];
  starting = 0;
  /** Asks whether one more has a place, and leaves. */
  readonly #owner: { hasPlaceFor(group: GrantSandboxes): boolean; drop(key: string): void };

  constructor(key: string, { tenant, profile, worker }: TenantGrant, owner: PreparedSandboxes) {
    this.key = key;
    this.tenant = tenant;
    this.profile = profile;
    this.worker = worker;
    this.#owner = owner;
  }

  put(sandbox: Sandbox): boolean {
    if (!this.#owner.hasPlaceFor(this)) return false;
    this.warm.push({ sandbox, since: Date.now() });
    return true;
  }

  take(sandbox: Sandbox): boolean {
    return takeFrom(this.warm, sandbox);
  }

  /** Leaves, so that only the grant's next use tries again. */
  fail(): boolean {
    this.#owner.drop(this.key);
    return true;
  }
}

/**
 * Keeps sandboxes whose worker was made ahead, for the grants that tenants were given lately. Each
 * serves one tenant and exactly the grant it was made for. So it is never wider than its request,
 * and no tenant's code runs beside a grant of another one.
 */
export class PreparedSandboxes implements Iterable<GrantSandboxes> {
  readonly #total: number;
  readonly #each: number;
  readonly #retire: (sandbox: Sandbox) => void;
  readonly #recent: RecentGrants;
  readonly #groups = new Map<string, GrantSandboxes>();
  /** Tenants and the number of the start that each had last. */
  readonly #turns = new Map<string, number>();
  #starts = 0;
  #keep = false;

  /**
   * `total` is the most sandboxes and the most grants, `each` the most sandboxes of one grant.
   * `retire` is called for those that have lost their place.
   */
  constructor(limits: { total: number; each: number }, retire: (sandbox: Sandbox) => void) {
    this.#total = Math.max(0, limits.total);
    this.#each = Math.max(1, limits.each);
    this.#retire = retire;
    this.#recent = new RecentGrants(this.#total);
  }

  [Symbol.iterator](): Iterator<GrantSandboxes> {
    return this.#groups.values();
  }

  /** Number of idle sandboxes. */
  get size(): number {
    let size = 0;
    for (const { warm } of this) size += warm.length;
    return size;
  }

  /** Prepares sandboxes from now on. */
  keepWarm(): void {
    this.#keep = true;
  }

  /** Records that a grant is given. Returns its key; `undefined` if nothing is prepared for it. */
  note(grant: TenantGrant): string | undefined {
    if (!this.#keep || this.#total === 0) return undefined;
    const key = keyOf(grant);
    if (key === undefined) return undefined;
    const leaving = this.#recent.note(key, grant.tenant);
    if (leaving !== undefined) this.forget(leaving);
    if (!this.#groups.has(key)) this.#groups.set(key, new GrantSandboxes(key, grant, this));
    this.#trim();
    return key;
  }

  /** Removes and returns a sandbox that was prepared for a key. */
  take(key: string): Sandbox | undefined {
    return this.#groups.get(key)?.warm.pop()?.sandbox;
  }

  /**
   * Returns the grant to start a sandbox for. The tenant comes first: the one with the fewest, then
   * the one whose last start is longest ago. Of its grants with the fewest, it is the last given.
   * One is started at a time, so that other starts are left for requests that come meanwhile. Of a
   * tenant's grants that were given once, one has a sandbox: new grants without end cost few starts.
   */
  missing(): GrantSandboxes | undefined {
    if ([...this].some(({ starting }) => starting > 0)) return undefined;
    let first: GrantSandboxes | undefined;
    for (const key of this.#recent.keys()) {
      const group = this.#groups.get(key);
      if (group === undefined || !this.#mayGrow(group)) continue;
      if (first === undefined || this.#compare(group, first) < 0) first = group;
    }
    return first;
  }

  #mayGrow(group: GrantSandboxes): boolean {
    if (this.#recent.isRepeated(group.key)) return group.warm.length < this.#depth;
    return ![...this].some(
      ({ key, tenant, warm }) =>
        tenant === group.tenant && warm.length > 0 && !this.#recent.isRepeated(key),
    );
  }

  /** Compares two grants. Negative if the first comes before the second. */
  #compare(a: GrantSandboxes, b: GrantSandboxes): number {
    const turn = ({ tenant }: GrantSandboxes): number => this.#turns.get(tenant) ?? 0;
    const own = ({ tenant }: GrantSandboxes): number => this.#warmOf(tenant);
    return own(a) - own(b) || turn(a) - turn(b) || a.warm.length - b.warm.length;
  }

  #warmOf(tenant: string): number {
    let count = 0;
    for (const group of this) if (group.tenant === tenant) count += group.warm.length;
    return count;
  }

  /**
   * Removes and returns a sandbox to make room for a request. It is the tenant's own if there is
   * one, otherwise of the tenant with the most.
   */
  takeFor(tenant: string | undefined): Sandbox | undefined {
    const idle = this.#leastRecent().filter(({ warm }) => warm.length > 0);
    const own = idle.find((group) => group.tenant === tenant);
    return (own ?? mostOf(idle, (each) => this.#warmOf(each)))?.warm.shift()?.sandbox;
  }

  /** Ends the sandboxes of grants that were not given lately. */
  expire(): void {
    for (const key of this.#recent.takeExpired()) this.forget(key);
    const tenants = new Set([...this].map(({ tenant }) => tenant));
    for (const tenant of this.#turns.keys()) if (!tenants.has(tenant)) this.#turns.delete(tenant);
  }

  /** Removes and returns all sandboxes, and forgets all grants. */
  clear(): Sandbox[] {
    const all = [...this].flatMap(({ warm }) => warm.splice(0).map(({ sandbox }) => sandbox));
    this.#groups.clear();
    this.#turns.clear();
    this.#recent.clear();
    return all;
  }

  /**
   * Tells whether a grant is still remembered and has fewer sandboxes than it may. Its tenant has
   * had its turn either way.
   */
  hasPlaceFor(group: GrantSandboxes): boolean {
    this.#turns.set(group.tenant, ++this.#starts);
    return this.#groups.get(group.key) === group && group.warm.length < this.#depth;
  }

  /** Forgets a grant and ends its sandboxes. */
  forget(key: string): void {
    this.drop(key);
    this.#recent.forget(key);
  }

  /** Ends the sandboxes of a grant, and prepares none for it until it is given again. */
  drop(key: string): void {
    const group = this.#groups.get(key);
    this.#groups.delete(key);
    for (const { sandbox } of group?.warm.splice(0) ?? []) this.#retire(sandbox);
  }

  /** Number of sandboxes for each grant: the more grants, the fewer. */
  get #depth(): number {
    return Math.max(1, Math.min(this.#each, Math.floor(this.#total / this.#groups.size)));
  }

  /** Ends sandboxes beyond the present number for each grant. */
  #trim(): void {
    for (const { warm } of this) {
      for (const { sandbox } of warm.splice(this.#depth)) this.#retire(sandbox);
    }
  }

  #leastRecent(): GrantSandboxes[] {
    const keys = this.#recent.keys().reverse();
    return keys.flatMap((key) => this.#groups.get(key) ?? []);
  }
}

/** Makes the key of a grant; `undefined` if the grant is too long to be kept. */
function keyOf({ tenant, profile, worker }: TenantGrant): string | undefined {
  // The runner compares the same text, so an equal key means a fitting worker.
  const text = JSON.stringify(worker);
  if (text.length > MAX_GRANT) return undefined;
  const parts = JSON.stringify([tenant, profileKey(profile), text]);
  return createHash("sha256").update(parts).digest("hex");
}
