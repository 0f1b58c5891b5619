/** Figures of the product's source, by their names. */
export interface Structure {
  readonly files: number;
  readonly median: number;
  readonly p90: number;
  readonly longest: { readonly lines: number; readonly path: string };
  /** Groups of folders that import each other, each as one text. */
  readonly circles: readonly string[];
  readonly spine: number;
  /** Longest function, without the lines of the functions in it. */
  readonly longestFunction: {
    readonly lines: number;
    readonly path: string;
    readonly line: number;
  };
  readonly tests: number;
}

/** Measures the product's source. */
export function structure(): Structure;

/** Returns the groups of folders that import each other, or of what else `groupOf` makes of a path. */
export function circles(
  files: ReadonlyMap<string, string>,
  groupOf?: (path: string) => string,
): string[];

/** Returns the groups of modules of the tests and the benchmark that import each other. */
export function circlesOfTests(): string[];
