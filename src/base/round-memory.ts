const STEP = 64;

/** Rounds megabytes up to a multiple of 64, so that profiles, which share nothing, stay few. */
export function roundMemory(megabytes: number): number {
  return Math.ceil(megabytes / STEP) * STEP;
}
