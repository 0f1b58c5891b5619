/** One module of JavaScript, made of files. Its type stands alone, so that public types need no compiler's. */
export interface FunctionBundle {
  readonly code: string;
  /** Source map of the code, as a compiler of hostile files claims it. */
  readonly map: string | undefined;
  /** Names of its exports. Absent if some are unknown. */
  readonly exports: readonly string[] | undefined;
}
