/** Settings of a sandbox's first process, as JSON in its arguments. */
export interface HostSettings {
  /** Names of variables that code may be granted, where these are not all. */
  readonly variables: readonly string[];
  /** Directory of the sandbox's own, emptied between two executions of a tenant. */
  readonly scratch?: string;
}

/** Removals of what code can leave in its process. Tests leave one out at a time. */
export type Removal = "environment" | "urls" | "files" | "sqlite" | "ways" | "workers";
