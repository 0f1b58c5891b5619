import type Docker from "dockerode";
import type { Postgres } from "../dev/postgres.ts";
import type { PlainContainers } from "./containers.ts";
import type { BenchServer } from "./server.ts";
import type { Row } from "./table.ts";

/** What every measurement works with. */
export interface Context {
  readonly docker: Docker;
  /** A server with the default pool of two warm sandboxes. */
  readonly server: BenchServer;
  /** The server of another checkout, if this one is measured beside it. */
  readonly against: BenchServer | undefined;
  /** The server's database, if it is measured. */
  readonly database: Postgres | undefined;
  readonly plain: PlainContainers;
  /** A directory that is removed at the end. */
  readonly scratch: string;
  /** Samples of the warm row; the others take a share of it. */
  readonly samples: number;
  /** Aborts when somebody ends the bench early. */
  readonly signal: AbortSignal;
}

export type Measurement = (context: Context) => Promise<Row[]>;

export const DEFAULT_SAMPLES = 40;
const FEWEST = 2;

/** That share of the samples asked for, but never so few that nothing can be said. */
export function share({ samples }: Context, part: number): number {
  return Math.max(FEWEST, Math.round(samples * part));
}

/**
 * Counts rounds up to `most`, but ends early on a host so slow that the whole bench would take
 * too long; how many there were shows in the table. `seconds` is for the default samples.
 */
export function* rounds({ samples }: Context, most: number, seconds: number): Generator<number> {
  const end = performance.now() + seconds * 1_000 * Math.max(1, samples / DEFAULT_SAMPLES);
  for (let round = 0; round < most; round += 1) {
    if (round >= FEWEST && performance.now() > end) return;
    yield round;
  }
}

let count = 0;

/** Source no cache has seen: no sample may live on another one's compilation. */
export function uniqueExpression(): string {
  count += 1;
  return `(x) => x * 2 /* ${count} */`;
}

/** A request to run such source; `timeout` covers any wait for a sandbox. */
export function uniqueRequest(timeout = 10_000): object {
  return { code: `export default ${uniqueExpression()}`, input: 21, timeout };
}

export const EXPECTED = 42;
