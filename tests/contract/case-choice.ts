import { it } from "vitest";
import { SOAK } from "../helpers/soak.ts";

const STEP = 12;

/**
 * Chooses the cases that prove a further way to the same runner: every twelfth of a group whose cases differ by their
 * code alone. Another way proves each of them. `npm run soak` runs all by every way.
 *
 * @param step Fewer than six for further wordings of the same fault, which no other way proves.
 */
export function sample<Case>(cases: readonly Case[], step = STEP): readonly Case[] {
  return SOAK ? cases : cases.filter((_case, place) => place % step === 0);
}

/** Returns `it` for tests that another way proves for this one, if it is a further one. A soak runs them by each. */
export function provedElsewhere(isFurther: boolean): typeof it {
  return isFurther && !SOAK ? (it.skip as typeof it) : it;
}
