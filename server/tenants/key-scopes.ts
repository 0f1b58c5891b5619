import { HttpProblem } from "../errors/problem.ts";
import type { Caller } from "./auth.ts";

/**
 * Scope that a route needs of a tenant's key. `invoke` is that of the function which it calls;
 * a key of scope `execute` may call each of them. `invokes` is that of any function.
 */
export type Need = "execute" | "deploy" | "read" | "manage" | "invoke" | "invokes";

type Scopes = readonly string[] | null;

const CALLS = "invoke:";

/**
 * Checks that a caller's key has one of the needed scopes. A server without keys has all scopes.
 *
 * @throws {HttpProblem} 403 if it has none of them.
 */
export function assertScope({ key }: Caller, needs: readonly Need[], called = ""): void {
  const scopes = key?.scopes ?? null;
  const names = { invoke: `${CALLS}${called}`, invokes: `${CALLS}{name}` };
  const named = needs.map((need) => (need in names ? names[need as keyof typeof names] : need));
  if (scopes === null || named.some((need) => scopes.includes(need))) return;
  if (needs.includes("invokes") && scopes.some((scope) => scope.startsWith(CALLS))) return;
  const wanted = named.map((need) => `"${need}"`).join(" or ");
  throw wrongScope(`This needs a key of the scope ${wanted}; yours has ${listed(scopes)}`);
}

/** Tells whether a caller's key has one of the needed scopes. */
export function mayCall(caller: Caller, needs: readonly Need[], called?: string): boolean {
  try {
    assertScope(caller, needs, called);
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns the id of a key that may not read what others of its tenant have run. By an idempotency key of
 * theirs it would get an answer, or use that key up.
 */
export function ownerOfKeys({ key }: Caller): string | undefined {
  const scopes = key?.scopes ?? null;
  return scopes === null || scopes.includes("execute") ? undefined : key?.id;
}

/** Tells whether a key with scopes may do all that one with `others` may. */
export function covers(scopes: Scopes, others: Scopes): boolean {
  if (scopes === null) return true;
  if (others === null) return false;
  const callsAll = scopes.includes("execute");
  return others.every((other) => scopes.includes(other) || (callsAll && other.startsWith(CALLS)));
}

/** Makes the answer for a key that may not do what it is used for. */
export function wrongScope(message: string, field?: string): HttpProblem {
  return new HttpProblem(403, "Forbidden", "WRONG_SCOPE", message, field ? { field } : {});
}

export function listed(scopes: readonly string[]): string {
  const some = scopes.slice(0, 10).map((scope) => `"${scope}"`);
  return scopes.length > some.length ? `${some.join(", ")} and others` : some.join(", ");
}
