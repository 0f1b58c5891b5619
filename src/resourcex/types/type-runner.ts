import { messageOf } from "../../base/errors.ts";
import type { Outcome, Profile } from "../../engines/contract/contract.ts";
import { DEFAULT_OUTPUT_LIMITS, MAX_RESULT_BYTES } from "../../protocol/limits.ts";
import type { LogEntry } from "../../request/types.ts";
import { ResourceXError } from "../base/resourcex-errors.ts";
import { executionError } from "./execution-errors.ts";
import type { Levels } from "./levels.ts";
import type { BundledType, SerializedResource, TypeRunner } from "./type.ts";
import { moduleOf } from "./type-module.ts";

/** What comes back can be as large as what goes in. */
const LIMITS = { ...DEFAULT_OUTPUT_LIMITS, resultBytes: MAX_RESULT_BYTES };

/** Where a line of a type's console comes from. */
export interface LogSource {
  readonly locator: string;
  /** The type's name. */
  readonly type: string;
}

/** Told of each line a type writes, once its execution is over. */
export type OnLog = (entry: LogEntry, source: LogSource) => void;

export interface RunnerOptions {
  readonly levels: Levels;
  /** Milliseconds an execution has, waiting for a sandbox included. */
  readonly timeout: number;
  /** Of the sandboxes, where the level has any. */
  readonly profile: Profile;
  /** Default: nobody. */
  readonly onLog?: OnLog | undefined;
  /** Whose executions may share a sandbox, if their type has the same code. */
  readonly tenant: string;
  /** Whether results are JSON, or dates, maps and bytes come back as such. Default `rich`. */
  readonly result?: "json" | "rich";
  /** Whether a type's executions may share a sandbox. Default true. */
  readonly reuse?: boolean | undefined;
  /** Most lines of the console that are kept of one execution. Default: as many as anybody's. */
  readonly logEntries?: number | undefined;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** In the place of the runner's. */
  readonly onLog?: OnLog | undefined;
}

/** Runs types by the engines that run everything else, with no permission at all. */
export class EngineRunner implements TypeRunner {
  readonly #options: RunnerOptions;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  async run(
    type: BundledType,
    resource: SerializedResource,
    args: unknown,
    options?: RunOptions,
  ): Promise<unknown> {
    return resultOf(await this.outcome(type, resource, args, options));
  }

  /** How it went; rejects only if it could not be run. */
  async outcome(
    type: BundledType,
    { archive, ...resource }: SerializedResource,
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
      // All that else makes a difference is the same for every job of this runner.
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

/** What the type returned. Throws an `ExecutionError` if it did not come to that. */
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
