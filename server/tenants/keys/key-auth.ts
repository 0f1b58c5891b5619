import { HttpProblem } from "../../errors/problem.ts";
import type { Auth, Caller } from "../auth.ts";
import type { TenantDirectory } from "../directory.ts";
import { wrongScope } from "../key-scopes.ts";
import { TenantSuspended } from "../suspended.ts";
import { KeyFinder } from "./key-finder.ts";
import type { Keyring } from "./keyring.ts";
import { hashOf, isSecretOf } from "./tenant-key.ts";

const BEARER = /^Bearer +([!-~]{1,2048})$/i;

/** Authentication for a server with an operator and tenants: each sends its own key. */
export class KeyAuth implements Auth {
  readonly open = false;
  readonly #adminHash: string;
  readonly #finder: KeyFinder;
  readonly #keyring: Keyring;
  readonly #directory: TenantDirectory;

  constructor(adminKey: string, keyring: Keyring, directory: TenantDirectory) {
    this.#adminHash = hashOf(adminKey);
    this.#finder = new KeyFinder(adminKey);
    this.#keyring = keyring;
    this.#directory = directory;
  }

  async tenant(request: Request): Promise<Caller> {
    const key = bearerOf(request);
    const row = await this.#keyring.find(key);
    const caller = row && (await this.#directory.caller(row.tenant));
    if (row !== undefined && caller !== undefined) {
      const { id, scopes, expiresAt } = row;
      // Checked for each request, because the row stays in a cache.
      if (expiresAt !== null && expiresAt.getTime() <= Date.now()) throw expired(expiresAt);
      if (caller.suspended !== undefined) throw new TenantSuspended(caller.suspended);
      this.#keyring.used(id);
      return { ...caller, key: { id, scopes, expiresAt } };
    }
    if (isSecretOf(this.#adminHash, key)) throw wrongScope("The operator's key runs nothing");
    throw unauthorized("This key is not, or no longer, good");
  }

  async admin(request: Request): Promise<void> {
    const key = bearerOf(request);
    if (isSecretOf(this.#adminHash, key)) return;
    if ((await this.#keyring.find(key)) === undefined)
      throw unauthorized("This key is not, or no longer, good");
    throw wrongScope("This is for the operator's key alone");
  }

  caller(tenant: string): Promise<Caller | undefined> {
    return this.#directory.caller(tenant);
  }

  holdsKey(text: string): boolean {
    return this.#finder.isIn(text);
  }
}

function bearerOf(request: Request): string {
  const [, key] = BEARER.exec(request.headers.get("authorization") ?? "") ?? [];
  if (key === undefined) throw unauthorized("Send Authorization: Bearer and a key");
  return key;
}

function unauthorized(message: string): HttpProblem {
  return refused("UNAUTHORIZED", message);
}

function expired(at: Date): HttpProblem {
  return refused("KEY_EXPIRED", `This key has expired, at ${at.toISOString()}: use a new one`);
}

function refused(code: string, message: string): HttpProblem {
  const headers = { "WWW-Authenticate": "Bearer" };
  return new HttpProblem(401, "Unauthorized", code, message, { headers });
}
