/** Limits for the files of a function. The host's limit of code applies to their bundle, too. */
export const FILE_LIMITS = {
  files: 200,
  /** Characters of a path. */
  pathLength: 200,
  /** Bytes of all files. */
  bytes: 1_048_576,
  /** Characters of the bundle: a bundler can turn little input into much. */
  bundled: 2_097_152,
  /** Characters of the bundle's source map. A larger one is left out. */
  map: 524_288,
} as const;
