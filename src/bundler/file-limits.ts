/** What the files of a function may be, before the bundle of them is held to the host's limit of code. */
export const FILE_LIMITS = {
  files: 200,
  /** Characters of a path. */
  pathLength: 200,
  /** Bytes of all files. */
  bytes: 1_048_576,
  /** Characters of what is made of them: a bundler can make much of little. */
  bundled: 2_097_152,
} as const;
