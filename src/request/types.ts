import type { z } from "zod";
import type { Usage } from "../base/usage.ts";
import type { PublicPlan } from "../permissions/public-plan.ts";
import type { executeRequest } from "./execute-request.ts";
import type { denial, LOG_ENTRY_LEVELS, logEntry, OUTCOMES, output } from "./output.ts";

export type { SandboxLevel } from "../base/sandbox-level.ts";
export type { Usage } from "../base/usage.ts";

/** A request as a caller sends it. Every field but `code` has a default. */
export interface ExecuteRequest extends z.input<typeof executeRequest> {}

type Filled = z.output<typeof executeRequest>;

/** A request with valid values in all fields that have a default. */
export type ValidRequest = Pick<Filled, WithoutDefault> & {
  [Name in keyof Filled as Exclude<Name, WithoutDefault>]-?: Exclude<Filled[Name], undefined>;
};

type WithoutDefault =
  | "input"
  | "language"
  | "dependencies"
  | "overrides"
  | "packages"
  | "reuseKey"
  | "secrets"
  | "bindings"
  | "functions"
  | "functionsEndpoint"
  | "files"
  | "artifacts";

export type Level = (typeof LOG_ENTRY_LEVELS)[number];

export interface LogEntry extends z.output<typeof logEntry> {}

/** A refused attempt of code. */
export interface Denial extends z.output<typeof denial> {}

/**
 * The end of an execution: by itself, or by a limit. Code can claim `output_limit`: an exception that it
 * names like ours counts as one.
 */
export type OutcomeName = (typeof OUTCOMES)[number];

/** Receives what happens in an execution while it runs. It must not throw, and is never waited for. */
export interface Observer {
  onLog?(entry: LogEntry): void;
  /** Receives a message that the code emits. `text` is its data as JSON. */
  onChannel?(topic: string, text: string): void;
  onDenied?(denial: Denial): void;
  /** Receives each part of the work on packages as it begins. */
  onPackages?(stage: "resolving" | "fetching" | "bundling" | "ready"): void;
}

/** The output of an execution, always with HTTP status 200. */
export interface Output extends z.output<typeof output> {
  logs?: LogEntry[];
  plan?: PublicPlan;
  denied?: Denial[];
  usage: Usage;
}
