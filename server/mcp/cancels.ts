import { tenantKey } from "../../src/request/tenant.ts";
import type { Caller } from "../tenants/auth.ts";

/** Form of a session's name. This server makes UUIDs, and takes what others may have made. */
const SESSION = /^[\x21-\x7e]{1,100}$/;

/** Running calls of this server, so that a later message of the same client can cancel them. */
export class Cancels {
  readonly #running = new Map<string, AbortController>();

  /**
   * Notes a call. `end` forgets it. Without a session, ids of several clients are the same, so that
   * no message can cancel the call.
   */
  begin({ tenant }: Caller, session: string | undefined, id: string | number) {
    const controller = new AbortController();
    const key = keyOf(tenantKey(tenant), session, id);
    if (key !== undefined) this.#running.set(key, controller);
    const end = (): void => {
      if (key !== undefined && this.#running.get(key) === controller) this.#running.delete(key);
    };
    return { signal: controller.signal, end };
  }

  /** Cancels a call of a session, if it runs here. */
  cancel({ tenant }: Caller, session: string | undefined, id: unknown): void {
    if (typeof id !== "string" && typeof id !== "number") return;
    const key = keyOf(tenantKey(tenant), session, id);
    if (key !== undefined) this.#running.get(key)?.abort();
  }
}

/** Makes a key. A number and a text are two ids. */
function keyOf(tenant: string, session = "", id: string | number): string | undefined {
  return SESSION.test(session) ? JSON.stringify([tenant, session, id]) : undefined;
}
