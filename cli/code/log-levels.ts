import type { Level } from "../../src/request/types.ts";

const LEVELS = { log: 0, info: 1, warn: 2, error: 3, exception: 4 } satisfies Record<Level, number>;

/** Levels of log entries, the least first. */
export const LOG_LEVELS = Object.keys(LEVELS) as Level[];
