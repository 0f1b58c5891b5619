import type { ExchangedFile, Omission } from "../../protocol/exchanged-files.ts";

/** Files that code has left below `/tmp/out`. */
export interface Artifacts {
  readonly files: readonly ExchangedFile[];
  /** Files that were left out, of which the first ones are named. */
  readonly omitted: readonly { readonly path: string; readonly reason: Omission }[];
  /** Number of those without a name. */
  readonly more: number;
  /** True if there may be others, because the search was given up. */
  readonly unsearched: boolean;
  /** True if nothing was taken, because a worker of the code did not end. */
  readonly running: boolean;
}
