import pLimit from "p-limit";
import type { BriefCache } from "../../src/base/brief-cache.ts";
import { shownSettings, type TenantLevel } from "../../src/contract/tenants.ts";
import type { KnownTenant } from "../../src/request/tenant.ts";
import { HttpProblem } from "../errors/problem.ts";
import type { Page } from "../store/contract/page.ts";
import type { Store } from "../store/contract/store.ts";
import { storeCache } from "../store/contract/store-cache.ts";
import type { TenantRow, Tenants } from "../store/contract/tenants.ts";
import type { Caller } from "./auth.ts";
import { callerOf } from "./caller.ts";
import type { Sealer } from "./seal.ts";
import {
  DEFAULT_LEVELS,
  type SecretSettings,
  type ShownSettings,
  secretSettings,
  type TenantBody,
} from "./secret-settings.ts";

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
  readonly onChanged?: ((tenant: KnownTenant) => void) | undefined;
}

/** A tenant as its operator may read it. */
export type ShownTenant = ShownSettings & Pick<TenantRow, "id" | "createdAt" | "updatedAt">;

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
  put(id: string, body: TenantBody): Promise<{ tenant: ShownTenant; created: boolean }> {
    return this.#inTurn(async () => {
      const { env, database, ...open } = body;
      const before = await this.#tenants.get(id);
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
        env: shown?.env ?? Object.keys(secrets.env).sort(),
        database: shown?.database ?? secrets.database !== null,
      };
      const sealed = kept ? (before?.secrets ?? null) : this.#sealed(id, secrets);
      const { created } = await this.#tenants.put({ id, settings, secrets: sealed });
      this.#callers.forget(id);
      const tenant = await this.get(id);
      if (tenant === undefined) throw noSuchTenant(id);
      return { tenant, created };
    });
  }

  async get(id: string): Promise<ShownTenant | undefined> {
    const row = await this.#tenants.get(id);
    return row && shown(row);
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
    this.#options.onChanged?.({ id, since: caller?.tenant.since });
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

function shown({ id, settings, createdAt, updatedAt }: TenantRow): ShownTenant {
  return { id, ...shownSettings.parse(settings), createdAt, updatedAt };
}

/** Makes the answer for an unknown tenant. */
export function noSuchTenant(id: string): HttpProblem {
  return new HttpProblem(404, "NotFound", "TENANT_NOT_FOUND", `There is no tenant "${id}"`);
}
