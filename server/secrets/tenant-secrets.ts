import type { BriefCache } from "../../src/base/brief-cache.ts";
import type { SecretValues } from "../../src/request/secret-values.ts";
import { HttpProblem } from "../errors/problem.ts";
import type { Page } from "../store/contract/page.ts";
import type { SecretOutline, SecretRow, Secrets } from "../store/contract/secrets.ts";
import { MOST_ROWS } from "../store/contract/storage.ts";
import { type CachedStore, storeCache } from "../store/contract/store-cache.ts";
import { isOneTooMany } from "../store/contract/store-errors.ts";
import type { Caller } from "../tenants/auth.ts";
import type { Sealer } from "../tenants/seal.ts";

/** Most bytes of cached rows, and the bytes of an entry besides its text. */
const MAX_BYTES = 33_554_432;
const ENTRY = 512;

/** A store, of which only a part is used. */
interface HasSecrets extends CachedStore {
  readonly secrets: Secrets;
}

/**
 * Secrets of tenants: written, and never shown again. They are cached as the store has them, so that
 * the memory of this server has a value only while an execution uses it.
 */
export class TenantSecrets {
  readonly #secrets: Secrets;
  readonly #rows: BriefCache<SecretRow | undefined>;
  readonly #sealer: Sealer | undefined;

  /** Takes the sealer of values. Without one, no secret can be kept. */
  constructor(store: HasSecrets, sealer: Sealer | undefined) {
    this.#secrets = store.secrets;
    this.#sealer = sealer;
    this.#rows = storeCache<SecretRow | undefined>(store, { maxSize: MAX_BYTES, sizeOf });
    store.notices.on("secret", ({ tenant, name }) => this.#rows.forget(keyOf(tenant, name)));
  }

  /**
   * Opens secrets in their newest versions. A change by another server counts once its notice is here,
   * and after five seconds while notices may be lost.
   *
   * @throws {HttpProblem} 503 if one cannot be opened, because code without it could do something else.
   */
  readonly values: SecretValues = async (tenant, names) => {
    const read = (name: string) =>
      this.#rows.get(keyOf(tenant, name), () => this.#secrets.get(tenant, name));
    const found = await Promise.all(names.map(read));
    const there = found.filter((row) => row !== undefined);
    return new Map(there.map((row) => [row.name, this.#opened(row)]));
  };

  /**
   * Writes a secret.
   *
   * @throws {HttpProblem} 409 without a secret key, and beyond a hundred secrets.
   */
  async put(
    { tenant, limits }: Caller,
    name: string,
    value: string,
  ): Promise<{ readonly secret: SecretOutline; readonly created: boolean }> {
    if (this.#sealer === undefined) {
      const message =
        "value: It could not be kept secret; the operator sets ISOLATE_SECRET_KEY first";
      throw new HttpProblem(409, "Conflict", "SECRET_KEY_MISSING", message, { field: "value" });
    }
    const sealed = this.#sealer.seal(boundTo(tenant.id, name), value);
    const put = this.#secrets.put({ tenant: tenant.id, name, sealed }, limits.storage);
    const result = await put.catch((error: unknown) => {
      throw isOneTooMany(error, "secrets") ? tooMany() : error;
    });
    this.#rows.forget(keyOf(tenant.id, name));
    return result;
  }

  /** Lists a tenant's secrets by name. */
  list(tenant: string, page: Page): Promise<SecretOutline[]> {
    return this.#secrets.list(tenant, page);
  }

  async get(tenant: string, name: string): Promise<SecretOutline> {
    return (await this.#secrets.get(tenant, name)) ?? noSuchSecret(name);
  }

  async delete(tenant: string, name: string): Promise<void> {
    const existed = await this.#secrets.delete(tenant, name);
    this.#rows.forget(keyOf(tenant, name));
    if (!existed) noSuchSecret(name);
  }

  /** Forgets a tenant. Called when it is deleted, because a new one may get the same name. */
  forgetAll(tenant: string): void {
    this.#rows.forgetBelow(keyOf(tenant, ""));
  }

  #opened({ tenant, name, sealed }: SecretRow): string {
    try {
      if (this.#sealer === undefined) throw new Error("There is no secret key");
      return this.#sealer.open(boundTo(tenant, name), sealed);
    } catch {
      const message = `The secret "${name}" does not open with this ISOLATE_SECRET_KEY`;
      throw new HttpProblem(503, "SecretsUnreadable", "SECRETS_UNREADABLE", message);
    }
  }
}

function sizeOf(row?: SecretRow): number {
  return ENTRY + (row?.sealed.length ?? 0);
}

/** Makes a key. Neither part can contain a slash. */
function keyOf(tenant: string, name: string): string {
  return `${tenant}/${name}`;
}

/**
 * Binds a sealed value to its place, so that rows cannot be exchanged. No tenant's id has a slash,
 * so it is sealed for nothing else.
 */
function boundTo(tenant: string, name: string): string {
  return `secrets/${tenant}/${name}`;
}

function tooMany(): HttpProblem {
  const message = `There are ${MOST_ROWS.secrets} secrets; delete one first`;
  return new HttpProblem(409, "Conflict", "SECRETS_LIMIT", message);
}

export function noSuchSecret(name: string): never {
  const message = `There is no secret "${name}"; GET /secrets lists those there are`;
  throw new HttpProblem(404, "NotFound", "SECRET_NOT_FOUND", message);
}
