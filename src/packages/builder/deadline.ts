import { Aborted } from "../../base/errors.ts";

/** Reason of a signal that has ended a build because its time was up. */
export class TimeIsUp extends Error {
  override readonly name = "TimeIsUp";
}

/** Runs `work` with a signal that ends at its caller's will or after some time. */
export async function withDeadline<T>(
  { signal, timeout }: { readonly signal?: AbortSignal | undefined; readonly timeout: number },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (signal?.aborted) throw new Aborted();
  const controller = new AbortController();
  const abort = (): void => controller.abort(new Aborted());
  const timer = setTimeout(() => controller.abort(new TimeIsUp("The time is up")), timeout);
  signal?.addEventListener("abort", abort);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
