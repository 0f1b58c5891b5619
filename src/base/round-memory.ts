const STEP = 64;

/**
 * Rounds megabytes up to a multiple of 64. Profiles share no sandboxes, so there should be few of
 * them.
 */
export function roundMemory(megabytes: number): number {
  return Math.ceil(megabytes / STEP) * STEP;
}
