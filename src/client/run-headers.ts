import type { RunOptions } from "./types.ts";

export function runHeaders({
  idempotencyKey,
}: Pick<RunOptions, "idempotencyKey">): Record<string, string | undefined> {
  return { "Idempotency-Key": idempotencyKey };
}
