import type { HostFault } from "../src/engines/explain/host-faults.ts";

/** One line of the doctor's report. */
export interface Finding {
  readonly level: "ok" | "warn" | "fail";
  /** Name of the check, in one or two words. It is stable, for programs. */
  readonly check: string;
  readonly message: string;
  /** Advice for the operator; absent if all is well. */
  readonly advice?: string;
}

export function ok(check: string, message: string): Finding {
  return { level: "ok", check, message };
}

/** Reports a fact that weakens the host, or may. The host can still serve. */
export function warn(check: string, message: string, advice: string): Finding {
  return { level: "warn", check, message, advice };
}

/** Reports a fault that the library reports in the same words. */
export function faulty(check: string, { message, advice }: HostFault): Finding {
  return fail(check, message, advice);
}

/** Reports a fact that keeps the host from serving, or from being safe. */
export function fail(check: string, message: string, advice: string): Finding {
  return { level: "fail", check, message, advice };
}
