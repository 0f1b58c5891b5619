/** Reasons for which a session ends, each with the words for its caller. */
export const SESSION_ENDS = {
  closed: "its caller has ended it",
  idle: "nothing was executed in it for its idle time",
  max: "its longest time was over",
  timeout: "an execution exceeded its timeout",
  crash: "the sandbox ended, by its memory or by a crash",
  exit: "the code ended its process",
  failed: "what an earlier execution had left running failed, or ended the sandbox",
  aborted: "the client hung up during an execution",
  changed: "its permissions, tools or secrets have changed since it began",
  key: "its key has been revoked",
  tenant: "its tenant has been suspended or deleted",
  host: "the host could not go on with its sandbox",
  shutdown: "the server is shutting down",
} as const;

export type SessionEnd = keyof typeof SESSION_ENDS;

export const SESSION_END_NAMES = Object.keys(SESSION_ENDS) as [SessionEnd, ...SessionEnd[]];
