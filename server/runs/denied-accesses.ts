import type { Denial } from "../../src/request/types.ts";
import type { DeniedAccess } from "../store/contract/usage.ts";

/** Most subjects of one execution that are kept. */
const MOST = 100;
/** Most characters of a subject. */
const MOST_CHARACTERS = 200;
/** Most attempts of one execution at one subject. */
const MOST_ATTEMPTS = 1_000_000_000;
/** Characters that would change how a list of subjects looks. */
const UNREADABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * Adds up the refused accesses of an execution by kind and subject. The sandbox claims some of them,
 * so their texts are bounded and cleaned.
 */
export function deniedAccesses(denied: readonly Denial[] = []): readonly DeniedAccess[] {
  const sums = new Map<string, DeniedAccess>();
  for (const { kind, value, count = 1 } of denied) {
    const subject = subjectOf(value);
    const key = `${kind} ${subject}`;
    const known = sums.get(key);
    if (known === undefined && sums.size >= MOST) continue;
    const attempts = Number.isSafeInteger(count) && count > 0 ? count : 1;
    const sum = Math.min(MOST_ATTEMPTS, (known?.count ?? 0) + attempts);
    sums.set(key, { kind, subject, count: sum });
  }
  return [...sums.values()];
}

function subjectOf(value: string): string {
  const some = value.slice(0, MOST_CHARACTERS).toWellFormed().replace(UNREADABLE, "\uFFFD");
  // An empty subject stands for all those that are not kept.
  return some === "" ? "?" : some;
}
