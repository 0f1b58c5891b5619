/**
 * Levels of isolation, the weakest first: none at all, which only the library offers, for code that is trusted; a
 * process of this host; a container.
 */
export const SANDBOX_LEVELS = ["none", "isolated", "container"] as const;

export type SandboxLevel = (typeof SANDBOX_LEVELS)[number];
