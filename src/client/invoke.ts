/** Calls of routes that run code: with an immediate answer, as events, or later. */
import { type ExecutionEvent, eventsOf } from "./events.ts";
import type { Call, Transport } from "./transport.ts";
import type { Answer, Job, RunOptions, SubmitOptions } from "./types.ts";

/** Builds the request for a route that runs code. `more` are headers. */
export function callOf(body: object, options: RunOptions, more: Record<string, string> = {}): Call {
  const headers = { "Idempotency-Key": options.idempotencyKey, ...more };
  return { method: "POST", body, headers, signal: options.signal };
}

export function run<T>(
  transport: Transport,
  path: string,
  body: object,
  options: RunOptions,
): Promise<Answer<T>> {
  return transport.json(path, callOf(body, options));
}

export async function* stream(
  transport: Transport,
  path: string,
  body: object,
  options: RunOptions,
): AsyncGenerator<ExecutionEvent, void> {
  const call = callOf(body, options, { Accept: "text/event-stream" });
  yield* eventsOf(await transport.send(path, call));
}

export function submit(
  transport: Transport,
  path: string,
  body: object,
  { callback, ...options }: SubmitOptions,
): Promise<Pick<Job, "id" | "status">> {
  const whole = { ...body, ...(callback !== undefined && { callback }) };
  return transport.json(path, callOf(whole, options, { Prefer: "respond-async" }));
}
