import type { SessionEnd } from "../../src/base/session-end.ts";

/** Most sessions of a tenant whose ends are known, and most tenants with any. */
const [EACH, TENANTS] = [100, 1_000];

/** Ends of sessions, so that a later request is told the reason. The oldest are forgotten first. */
export class EndedSessions {
  readonly #tenants = new Map<string, Map<string, SessionEnd>>();

  add(tenant: string, id: string, reason: SessionEnd): void {
    const ended = this.#tenants.get(tenant) ?? new Map<string, SessionEnd>();
    this.#tenants.delete(tenant);
    this.#tenants.set(tenant, ended.set(id, reason));
    forgetFirst(ended, EACH);
    forgetFirst(this.#tenants, TENANTS);
  }

  reasonOf(tenant: string, id: string): SessionEnd | undefined {
    return this.#tenants.get(tenant)?.get(id);
  }
}

function forgetFirst(known: Map<string, unknown>, most: number): void {
  const [first] = known.keys();
  if (known.size > most && first !== undefined) known.delete(first);
}
