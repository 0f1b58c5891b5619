import type { Profile } from "../engines/engine.ts";
import { messageOf } from "../errors.ts";
import { DEFAULT_OUTPUT_LIMITS, MAX_RESULT_BYTES } from "../protocol/limits.ts";
import type { LogEntry } from "../types.ts";
import { ResourceXError } from "./errors.ts";
import { executionError } from "./execution-errors.ts";
import { moduleOf } from "./forms.ts";
import type { Levels } from "./levels.ts";
import type { BundledType, SerializedResource, TypeRunner } from "./type.ts";

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
    { archive, ...resource }: SerializedResource,
    args: unknown,
    { signal, onLog = this.#options.onLog }: RunOptions = {},
  ): Promise<unknown> {
    const { levels, timeout, profile, tenant, result = "rich" } = this.#options;
    const input = toJson({ ...resource, args });
    const { text, hash } = await moduleOf(type.code);
    const engine = await levels.engine(type.sandbox ?? "none");
    const job = {
      code: text,
      entry: "default",
      input,
      attachments: [archive],
      result,
      tools: [],
      limits: LIMITS,
    };
    const outcome = await engine.execute(job, {
      profile,
      timeout,
      tenant,
      signal,
      // All that else makes a difference is the same for every job of this runner.
      reuse: { key: `${hash}:${tenant}` },
    });
    const source = { locator: resource.locator, type: type.name };
    for (const entry of outcome.logs) if (entry.level !== "exception") onLog?.(entry, source);
    if (outcome.status === "ok") return outcome.result;
    throw executionError(outcome);
  }

  close(): Promise<void> {
    return this.#options.levels.close();
  }
}

function toJson(input: object): string {
  try {
    return JSON.stringify(input);
  } catch (error) {
    throw new ResourceXError(`The arguments cannot be written as JSON: ${messageOf(error)}`);
  }
}
