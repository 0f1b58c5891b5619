/** Options of the runtime's inspection, as `console.dir` takes them. */
export type InspectOptions = Record<string, unknown>;

/** The runtime's own conversion of values to text. */
export interface NativeText {
  /** Levels that it shows without an option. */
  readonly depth: number;
  /** Makes one text of arguments as the runtime's console does, with its format specifiers. */
  format(args: readonly unknown[], options?: InspectOptions): string;
  /** Makes a table, or the text of a value that is no table. */
  table(data: unknown, columns: unknown): string;
  isProxy(value: object): boolean;
  /** Returns the target of a proxy, or `undefined` where the runtime gives it to nobody. */
  targetOf(proxy: object): object | undefined;
  isArguments(value: object): boolean;
  /** True for an object around a string, number, bigint, boolean or symbol. */
  isBoxed(value: object): boolean;
  isError(value: object): boolean;
}
