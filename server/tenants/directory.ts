import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import type { BriefCache } from "../../src/base/brief-cache.ts";
import {
  DEFAULT_CONCURRENCY,
  DEFAULT_QUEUE,
  shownSettings,
  type TenantLevel,
} from "../../src/contract/tenants.ts";
import type { KnownTenant } from "../../src/request/tenant.ts";
import { HttpProblem } from "../errors/problem.ts";
import type { Page } from "../store/contract/page.ts";
import type { Store } from "../store/contract/store.ts";
import { storeCache } from "../store/contract/store-cache.ts";
import type { TenantRow, Tenants } from "../store/contract/tenants.ts";
import type { Caller } from "./auth.ts";
import { callerOf } from "./caller.ts";
import { type ChangedSettings, changedSettings, type StatedSecrets } from "./changed-settings.ts";
import { mergePatch } from "./merge-patch.ts";
import type { Sealer } from "./seal.ts";
import {
  DEFAULT_LEVELS,
  type SecretSettings,
  type ShownSettings,
  secretSettings,
  type TenantBody,
} from "./secret-settings.ts";
import type { Suspension } from "./suspended.ts";

const NOTHING: SecretSettings = { env: {}, database: null };

export interface DirectoryOptions {
  readonly store: Pick<Store, "tenants" | "notices" | "isShared">;
  /** Sealer of secrets; without one, tenants have no secrets. */
  readonly sealer?: Sealer | undefined;
  /** Levels of tenants whose settings name none. Default: `container` alone. */
  readonly levels?: readonly TenantLevel[] | undefined;
  /** Ends a tenant's executions and prevents new ones. Called before the tenant is deleted. */
  readonly end?: ((tenant: KnownTenant) => Promise<void>) | undefined;
  /** Called after a tenant has been deleted. */
  readonly onDeleted?: (tenant: string) => void;
  /** Called after any server has changed or deleted a tenant, as it was last known here. */
  readonly onChanged?: ((tenant: KnownTenant) => Promise<void>) | undefined;
}

/** A tenant as its operator may read it. */
export type ShownTenant = ShownSettings &
  Pick<TenantRow, "id" | "createdAt" | "updatedAt"> & {
    readonly suspended?: { readonly since: Date; readonly reason: string | null };
  };

/** A tenant in one state, which its tag names. */
export interface TaggedTenant {
  readonly tenant: ShownTenant;
  /** `ETag` of that state. */
  readonly tag: string;
}

/** Throws unless a tenant in that state may be changed; `undefined` stands for no tenant. */
type Check = (tag: string | undefined) => void;

interface Change {
  readonly before: TenantRow | undefined;
  readonly body: TenantBody;
  /** Names of variables that it states, or replaces. Default: those of `body` and those before. */
  readonly variables?: readonly string[];
}

/** Receives what a change has changed, as soon as it is made: reading the result may fail. */
type Made = (change: { readonly created: boolean; readonly changed: readonly string[] }) => void;

/** Most attempts of a change while other servers change the same tenant. */
const MOST_TRIES = 50;

/** The tenants of this server. */
export class TenantDirectory {
  readonly #options: DirectoryOptions;
  readonly #tenants: Tenants;
  readonly #callers: BriefCache<Caller | undefined>;
  /** Runs one change at a time, because each starts from the result of the one before. */
  readonly #inTurn = pLimit(1);

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#tenants = options.store.tenants;
    this.#callers = storeCache(options.store);
    options.store.notices.on("tenant", ({ tenant }) => void this.#changed(tenant));
  }

  /**
   * Returns a tenant's caller. A change by another server counts once its notice is here, and after
   * five seconds while notices may be lost. Rejects if its secrets cannot be opened.
   */
  caller(id: string): Promise<Caller | undefined> {
    return this.#callers.get(id, () => this.#caller(id));
  }

  /** Creates a tenant or replaces its settings. Secrets missing in `body` stay. */
  put(id: string, body: TenantBody, check: Check = () => {}, made: Made = () => {}) {
    return this.#change(id, check, made, (before) => ({ before, body }));
  }

  /**
   * Changes the settings that a merge patch names. `parse` checks them as `put` gets them.
   *
   * @throws {HttpProblem} 404 if there is no such tenant.
   */
  patch(
    id: string,
    patch: Readonly<Record<string, unknown>>,
    parse: (settings: unknown) => TenantBody,
    check: Check = () => {},
    made: Made = () => {},
  ) {
    return this.#change(id, check, made, (before) => {
      if (before === undefined) throw noSuchTenant(id);
      const { env: _names, database: _has, ...open } = shownSettings.parse(before.settings);
      const { env, database, ...changed } = patch;
      const isSome = typeof env === "object" && env !== null && !Array.isArray(env);
      const known = isSome ? this.#opened(before).env : {};
      const body = parse({
        ...(mergePatch(open, changed) as object),
        ...(env !== undefined && { env: env === null ? {} : mergePatch(known, env) }),
        ...(database !== undefined && { database }),
      });
      return { before, body, ...(isSome && { variables: Object.keys(env) }) };
    });
  }

  /** Suspends a tenant and ends what it runs, or resumes it with `null`. Calls `made` in between. */
  suspend(id: string, suspended: Suspension | null, made = (): void => {}): Promise<TaggedTenant> {
    return this.#inTurn(async () => {
      if (!(await this.#tenants.suspend(id, suspended))) throw noSuchTenant(id);
      made();
      this.#callers.forget(id);
      const row = await this.#tenants.get(id);
      if (row === undefined) throw noSuchTenant(id);
      await this.#options.onChanged?.({ id, since: row.createdAt.getTime() });
      // Its jobs may wait.
      if (suspended === null) this.#options.store.notices.send({ kind: "jobs" });
      return tagged(row);
    });
  }

  /** Makes a change of what the store has, again if another server has changed that meanwhile. */
  #change(id: string, check: Check, made: Made, make: (before: TenantRow | undefined) => Change) {
    return this.#inTurn(async () => {
      for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
        const before = await this.#tenants.get(id);
        check(before && tagOf(before));
        const written = await this.#write(id, make(before), made);
        if (written !== undefined) return written;
        await sleep(Math.random() * tries);
      }
      const message = "Other requests change the tenant all the time; try again";
      throw new HttpProblem(409, "Conflict", "TENANT_CHANGED", message);
    });
  }

  /** Writes a change, unless its tenant is in another state by now. */
  async #write(
    id: string,
    { before, body, variables }: Change,
    made: Made,
  ): Promise<(TaggedTenant & ChangedSettings & { created: boolean }) | undefined> {
    const { env, database, ...open } = body;
    const kept = env === undefined && database === undefined;
    const replaced = env !== undefined && database !== undefined;
    // Secrets that are all replaced, or all kept, need not be readable.
    const known = before === undefined || kept || replaced ? NOTHING : this.#opened(before);
    const secrets = {
      env: env ?? known.env,
      database: database === undefined ? known.database : database,
    };
    const shown = kept && before !== undefined ? shownSettings.parse(before.settings) : undefined;
    const settings: ShownSettings = {
      ...open,
      concurrency: open.concurrency ?? DEFAULT_CONCURRENCY,
      queue: open.queue ?? DEFAULT_QUEUE,
      env: shown?.env ?? Object.keys(secrets.env).sort(),
      database: shown?.database ?? secrets.database !== null,
    };
    const sealed = kept ? (before?.secrets ?? null) : this.#sealed(id, secrets);
    const put = await this.#tenants.put({ id, settings, secrets: sealed }, before ?? null);
    if (put === undefined) return undefined;
    this.#callers.forget(id);
    const earlier = before && shownSettings.parse(before.settings);
    const stated: StatedSecrets = {
      env: env === undefined ? [] : (variables ?? [...Object.keys(env), ...(earlier?.env ?? [])]),
      database: database !== undefined,
    };
    const changes = { ...changedSettings(earlier, settings, body, stated), created: put.created };
    made(changes);
    const row = await this.#tenants.get(id);
    if (row === undefined) throw noSuchTenant(id);
    return { ...tagged(row), ...changes };
  }

  async get(id: string): Promise<ShownTenant | undefined> {
    const row = await this.#tenants.get(id);
    return row && shown(row);
  }

  /** Returns a tenant and its caller without secrets, which need not be readable. */
  async describe(id: string): Promise<(TaggedTenant & { caller: Caller }) | undefined> {
    const row = await this.#tenants.get(id);
    if (row === undefined) return undefined;
    const { levels = DEFAULT_LEVELS } = this.#options;
    const caller = callerOf(row, shownSettings.parse(row.settings), NOTHING, levels);
    return { ...tagged(row), caller };
  }

  async list(page: Page): Promise<ShownTenant[]> {
    return (await this.#tenants.list(page)).map(shown);
  }

  /** Deletes a tenant with all its data and ends its executions. Returns false if there is none. */
  delete(id: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const { end } = this.#options;
      const row = await this.#tenants.get(id);
      // Ended first: executions leave records in the store, which are deleted with the rest.
      if (row !== undefined) await end?.({ id, since: row.createdAt.getTime() });
      const existed = await this.#tenants.delete(id);
      this.#callers.forget(id);
      if (existed) this.#options.onDeleted?.(id);
      return existed;
    });
  }

  async #changed(id: string): Promise<void> {
    const known = this.#callers.peek(id);
    this.#callers.forget(id);
    const caller = await known?.catch(() => undefined);
    await this.#options.onChanged?.({ id, since: caller?.tenant.since });
  }

  async #caller(id: string): Promise<Caller | undefined> {
    const row = await this.#tenants.get(id);
    if (row === undefined) return undefined;
    const { levels = DEFAULT_LEVELS } = this.#options;
    return callerOf(row, shownSettings.parse(row.settings), this.#opened(row), levels);
  }

  #sealed(id: string, secrets: SecretSettings): string | null {
    const { sealer } = this.#options;
    if (secrets.database === null && Object.keys(secrets.env).length === 0) return null;
    if (sealer !== undefined) return sealer.seal(id, JSON.stringify(secrets));
    const field = secrets.database === null ? "env" : "database";
    const message = `${field}: It could not be kept secret; set ISOLATE_SECRET_KEY first`;
    throw new HttpProblem(409, "Conflict", "SECRET_KEY_MISSING", message, { field });
  }

  /**
   * Opens a tenant's secrets. A failure is an error, because an execution without its secrets could
   * do something else.
   *
   * @throws {HttpProblem} 503 if they cannot be opened.
   */
  #opened({ id, secrets }: TenantRow): SecretSettings {
    if (secrets === null) return NOTHING;
    const { sealer } = this.#options;
    try {
      if (sealer === undefined) throw new Error("There is no secret key");
      return secretSettings.parse(JSON.parse(sealer.open(id, secrets)));
    } catch {
      const message = `The secrets of tenant "${id}" do not open with this ISOLATE_SECRET_KEY`;
      throw new HttpProblem(503, "SecretsUnreadable", "SECRETS_UNREADABLE", message);
    }
  }
}

function shown(row: TenantRow): ShownTenant {
  const { id, settings, suspendedAt: since, suspendedReason: reason, createdAt, updatedAt } = row;
  return {
    id,
    ...shownSettings.parse(settings),
    ...(since !== null && { suspended: { since, reason } }),
    createdAt,
    updatedAt,
  };
}

function tagged(row: TenantRow): TaggedTenant {
  return { tenant: shown(row), tag: tagOf(row) };
}

/** Makes the tag of a row's state. The time tells a new tenant from an earlier one with its id. */
function tagOf({ revision, updatedAt }: TenantRow): string {
  return `"${revision}-${updatedAt.getTime().toString(36)}"`;
}

/** Makes the answer for an unknown tenant. */
export function noSuchTenant(id: string): HttpProblem {
  return new HttpProblem(404, "NotFound", "TENANT_NOT_FOUND", `There is no tenant "${id}"`);
}
