/** One line of what the doctor says. */
export interface Finding {
  readonly level: "ok" | "warn" | "fail";
  /** What was looked at, in a word or two: stable, for programs. */
  readonly check: string;
  readonly message: string;
  /** What to do about it; absent if all is well. */
  readonly advice?: string;
}

export function ok(check: string, message: string): Finding {
  return { level: "ok", check, message };
}

/** Something that weakens the host, or may; it can serve all the same. */
export function warn(check: string, message: string, advice: string): Finding {
  return { level: "warn", check, message, advice };
}

/** Something that keeps the host from serving, or from being safe. */
export function fail(check: string, message: string, advice: string): Finding {
  return { level: "fail", check, message, advice };
}
