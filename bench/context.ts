import type Docker from "dockerode";
import type { Postgres } from "../dev/postgres.ts";
import type { PlainContainers } from "./containers.ts";
import type { Peers } from "./peers/open.ts";
import type { BenchServer } from "./server.ts";
import type { Row } from "./table.ts";

/** Parts that every measurement uses. */
export interface Context {
  readonly docker: Docker;
  /** Server with the default pool of two warm sandboxes. */
  readonly server: BenchServer;
  /** Server of another checkout, if this one is compared with it. */
  readonly against: BenchServer | undefined;
  /** The server's database, if it is measured. */
  readonly database: Postgres | undefined;
  readonly plain: PlainContainers;
  /** Other runners of code. */
  readonly peers: Peers;
  /** Directory that is removed at the end. */
  readonly scratch: string;
  /** Samples of the row "warm". Other rows take a share of them. */
  readonly samples: number;
  /** Signal that aborts when the user ends the bench early. */
  readonly signal: AbortSignal;
}

export type Measurement = (context: Context) => Promise<Row[]>;

export const DEFAULT_SAMPLES = 40;
const FEWEST = 2;

/** Computes a share of the wanted samples, but never fewer than a result needs. */
export function share({ samples }: Context, part: number): number {
  return Math.max(FEWEST, Math.round(samples * part));
}

/**
 * Counts rounds up to `most`. Ends early on a host so slow that the bench would take too long. The
 * table shows the number of rounds. `seconds` is for the default number of samples.
 */
export function* rounds({ samples }: Context, most: number, seconds: number): Generator<number> {
  const end = performance.now() + seconds * 1_000 * Math.max(1, samples / DEFAULT_SAMPLES);
  for (let round = 0; round < most; round += 1) {
    if (round >= FEWEST && performance.now() > end) return;
    yield round;
  }
}

let count = 0;

/** Makes source that no cache has seen, so that no sample profits from an earlier compilation. */
export function uniqueExpression(): string {
  count += 1;
  return `(x) => x * 2 /* ${count} */`;
}

/** Makes a request to run such source. `timeout` covers any wait for a sandbox. */
export function uniqueRequest(timeout = 10_000): object {
  return { code: `export default ${uniqueExpression()}`, input: 21, timeout };
}

export const EXPECTED = 42;
