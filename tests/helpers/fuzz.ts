import type { Parameters } from "fast-check";
import { SOAK } from "./soak.ts";

/** Milliseconds for which a property is tested. */
const FUZZ_MS = SOAK ? 60_000 : 100;

/**
 * Parameters of `fc.assert` that test a property for a time, not a number of runs. It is a minute
 * in `npm run soak`, and a tenth of a second in `npm test`.
 */
export const FUZZ: Parameters<unknown> = {
  numRuns: Number.MAX_SAFE_INTEGER,
  interruptAfterTimeLimit: FUZZ_MS,
  markInterruptAsFailure: false,
};

/** Milliseconds for the test of a fuzzed property, including set-up and shrinking. */
export const FUZZ_TIMEOUT = FUZZ_MS + 60_000;

/** Returns the number of runs of a property: all in `npm run soak`, and a tenth in `npm test`. */
export function runs(all: number): number {
  return SOAK ? all : Math.ceil(all / 10);
}
