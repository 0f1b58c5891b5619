/**
 * Levels of isolation, weakest first:
 * - `none`: no isolation, for trusted code; only the library offers it
 * - `isolated`: a process of this host
 * - `container`: a container
 */
export const SANDBOX_LEVELS = ["none", "isolated", "container"] as const;

export type SandboxLevel = (typeof SANDBOX_LEVELS)[number];
