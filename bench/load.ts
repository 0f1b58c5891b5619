import { RawClient } from "./raw-client.ts";
import { together } from "./stats.ts";

/** Statuses that say that there is no room. */
const REFUSED = new Set([429, 503]);

/** Request that a client sends, with its expected result. */
export interface Shot {
  readonly path: string;
  readonly body: object;
  readonly expected: unknown;
}

export interface Load {
  /** Answers a second in the measured time. */
  readonly perSecond: number;
  /** Milliseconds of each. */
  readonly latencies: readonly number[];
  readonly refused: number;
}

export interface LoadOptions {
  readonly origin: string;
  readonly clients: number;
  /** Milliseconds before the measured time, and of it. */
  readonly ramp: number;
  readonly measured: number;
  readonly shot: () => Shot;
  readonly signal: AbortSignal;
  /** Runs at the beginning of the measured time. */
  readonly onSteady?: () => void;
}

/** Keeps clients busy, each with a connection of its own and one request at a time. */
export async function load(options: LoadOptions): Promise<Load> {
  const { origin, clients, ramp, measured, shot, signal, onSteady } = options;
  const latencies: number[] = [];
  let refused = 0;
  const from = performance.now() + ramp;
  const to = from + measured;
  const steady = onSteady && setTimeout(onSteady, ramp);
  try {
    await together(clients, async () => {
      const client = await RawClient.open(origin, signal);
      try {
        while (performance.now() < to && !signal.aborted) {
          const { path, body, expected } = shot();
          const answer = await client.post(path, body);
          const now = performance.now();
          const counts = now >= from && now <= to;
          if (REFUSED.has(answer.status)) refused += 1;
          else if (answer.status !== 200 || answer.body.result !== expected) {
            throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
          } else if (counts) latencies.push(answer.ms);
        }
      } finally {
        client.close();
      }
    });
  } finally {
    clearTimeout(steady);
  }
  signal.throwIfAborted();
  return { perSecond: (latencies.length * 1_000) / measured, latencies, refused };
}

/**
 * Keeps that many pieces of work going for a time. Returns the completions a second.
 */
export async function loop(
  concurrency: number,
  ms: number,
  work: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<number> {
  const started = performance.now();
  let done = 0;
  await together(concurrency, async () => {
    while (performance.now() - started < ms && !signal.aborted) {
      await work();
      done += 1;
    }
  });
  signal.throwIfAborted();
  return (done * 1_000) / (performance.now() - started);
}
