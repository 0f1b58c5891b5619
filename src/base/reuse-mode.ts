/** Modes of reuse, the strictest first. Each allows all before it. */
export const REUSE_MODES = ["never", "tenant", "code"] as const;

export type ReuseMode = (typeof REUSE_MODES)[number];

/** Setting of a tenant: the mode it may have at most. `true` allows all, and `false` none. */
export type ReuseSetting = boolean | ReuseMode;

/** Returns the mode that a tenant may have at most. */
export function mostReuse(setting: ReuseSetting = true): ReuseMode {
  if (typeof setting === "string") return setting;
  return setting ? "code" : "never";
}

/** Tells whether a mode is no stricter than another one. */
export function allows(most: ReuseMode, mode: ReuseMode): boolean {
  return REUSE_MODES.indexOf(mode) <= REUSE_MODES.indexOf(most);
}

export function stricter(a: ReuseMode, b: ReuseMode): ReuseMode {
  return allows(a, b) ? b : a;
}
