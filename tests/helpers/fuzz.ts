import type { Parameters } from "fast-check";
import { SOAK } from "./soak.ts";

/** Milliseconds one property is tried for. */
const FUZZ_MS = SOAK ? 60_000 : 1_000;

/**
 * Parameters of `fc.assert` that try a property for a time, not a number of runs: a minute in
 * `npm run soak`, a second in `npm test`.
 */
export const FUZZ: Parameters<unknown> = {
  numRuns: Number.MAX_SAFE_INTEGER,
  interruptAfterTimeLimit: FUZZ_MS,
  markInterruptAsFailure: false,
};

/** Milliseconds a test of one fuzzed property may take, its set-up and shrinking included. */
export const FUZZ_TIMEOUT = FUZZ_MS + 60_000;
