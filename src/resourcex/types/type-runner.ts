import { messageOf } from "../../base/errors.ts";
import type { Outcome, Profile } from "../../engines/contract/contract.ts";
import { MAX_RESULT_BYTES, OUTPUT_LIMITS } from "../../protocol/limits.ts";
import type { LogEntry } from "../../request/types.ts";
import { ResourceXError } from "../base/resourcex-errors.ts";
import type { SerializedRXR } from "../data/serialized.ts";
import { executionError } from "./execution-errors.ts";
import type { Levels } from "./levels.ts";
import type { BundledType, TypeRunner } from "./type.ts";
import { moduleOf } from "./type-module.ts";

/** Limits of output. A result may be as large as the input. */
const LIMITS = { ...OUTPUT_LIMITS, resultBytes: MAX_RESULT_BYTES };

/** Source of a line on a type's console. */
export interface LogSource {
  readonly locator: string;
  /** Name of the type. */
  readonly type: string;
}

/** Receives each line that a type has written, after the end of its execution. */
export type OnLog = (entry: LogEntry, source: LogSource) => void;

export interface RunnerOptions {
  readonly levels: Levels;
  /** Milliseconds for an execution, including the wait for a sandbox. */
  readonly timeout: number;
  /** Profile of the sandboxes, at levels that have any. */
  readonly profile: Profile;
  /** Default: no listener. */
  readonly onLog?: OnLog | undefined;
  /** Tenant whose executions may share a sandbox, if their types have the same code. */
  readonly tenant: string;
  /** Format of results: JSON, or rich values such as dates, maps and bytes. Default `rich`. */
  readonly result?: "json" | "rich";
  /** True if executions of a type may share a sandbox. Default true. */
  readonly reuse?: boolean | undefined;
  /** Most console lines that are kept of one execution. Default: the limit of all executions. */
  readonly logEntries?: number | undefined;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Replaces the runner's listener. */
  readonly onLog?: OnLog | undefined;
}

/** Runs types on the engines of all other executions, without any permission. */
export class EngineRunner implements TypeRunner {
  readonly #options: RunnerOptions;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  async run(
    type: BundledType,
    resource: SerializedRXR,
    args: unknown,
    options?: RunOptions,
  ): Promise<unknown> {
    return resultOf(await this.outcome(type, resource, args, options));
  }

  /** Runs a type and returns the outcome. Rejects only if it could not be run. */
  async outcome(
    type: BundledType,
    { archive, ...resource }: SerializedRXR,
    args: unknown,
    { signal, onLog = this.#options.onLog }: RunOptions = {},
  ): Promise<Outcome> {
    const { levels, timeout, profile, tenant, result = "rich", reuse = true } = this.#options;
    const { logEntries = LIMITS.logEntries } = this.#options;
    const input = toJson({ ...resource, args });
    const { text, hash } = await moduleOf(type.code, tenant);
    const engine = await levels.engine(type.sandbox ?? "none");
    const job = {
      code: text,
      entry: "default",
      input,
      attachments: [archive],
      result,
      tools: [],
      limits: { ...LIMITS, logEntries: Math.min(logEntries, LIMITS.logEntries) },
    };
    const outcome = await engine.execute(job, {
      profile,
      timeout,
      tenant,
      signal,
      // Everything else is the same for all jobs of this runner.
      ...(reuse && { reuse: { key: `${hash}:${tenant}` } }),
    });
    const source = { locator: resource.locator, type: type.name };
    for (const entry of outcome.logs) if (entry.level !== "exception") onLog?.(entry, source);
    return outcome;
  }

  close(): Promise<void> {
    return this.#options.levels.close();
  }
}

/**
 * Returns the result of a successful outcome.
 *
 * @throws {ExecutionError} For any other outcome.
 */
export function resultOf(outcome: Outcome): unknown {
  if (outcome.status === "ok") return outcome.result;
  throw executionError(outcome);
}

function toJson(input: object): string {
  try {
    return JSON.stringify(input);
  } catch (error) {
    throw new ResourceXError(`The arguments cannot be written as JSON: ${messageOf(error)}`);
  }
}
