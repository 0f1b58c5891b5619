import { messageOf } from "../../base/errors.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Tenant } from "../../request/tenant.ts";
import type { LogEntry, Output } from "../../request/types.ts";
import { ResourceXError } from "../base/resourcex-errors.ts";
import type { SerializedInput } from "../data/serialized.ts";
import type { BundledType, SandboxType, TypeRunner } from "./type.ts";
import { moduleOf } from "./type-module.ts";
import { callOf, resultOf } from "./type-request.ts";

/** Source of a line on a type's console. */
export interface LogSource {
  readonly locator: string;
  /** Name of the type. */
  readonly type: string;
}

/** Receives each line that a type has written, after the end of its execution. */
export type OnLog = (entry: LogEntry, source: LogSource) => void;

/** Provides the kernel of each level. */
export interface Kernels {
  kernel(level: SandboxType): Promise<Pick<Kernel, "execute">>;
  /** Closes the kernels it has opened. */
  close(): Promise<void>;
}

export interface RunnerOptions {
  readonly kernels: Kernels;
  /** Default: no listener. */
  readonly onLog?: OnLog | undefined;
  /** Tenant whose executions may share a sandbox, if their types have the same code. */
  readonly tenant: Tenant;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Runs types as executions of a kernel, with the permissions and tools that they ask for. */
export class KernelRunner implements TypeRunner {
  readonly #options: RunnerOptions;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  async run(
    type: BundledType,
    resource: SerializedInput,
    args: unknown,
    { signal }: RunOptions = {},
  ): Promise<unknown> {
    const { kernels, tenant, onLog } = this.#options;
    const values = asJson(args);
    const { text } = await moduleOf(type.code);
    const kernel = await kernels.kernel(type.sandbox ?? "none");
    const { request, typeCall } = callOf(type, text, resource, values, tenant);
    const rich = { ...typeCall, attachments: [resource.archive], result: "rich" } as const;
    const output = await kernel.execute(request, { tenant, signal, typeCall: rich });
    tellAll(output, { locator: resource.locator, type: type.name }, onLog);
    return resultOf(output);
  }

  close(): Promise<void> {
    return this.#options.kernels.close();
  }
}

/** Passes on the lines of an execution, without its exception. */
export function tellAll({ logs = [] }: Output, source: LogSource, onLog?: OnLog): void {
  for (const entry of logs) if (entry.level !== "exception") onLog?.(entry, source);
}

/** Returns the value that the arguments are as JSON: a date is a text, for instance. */
function asJson(args: unknown): unknown {
  try {
    const text: string | undefined = JSON.stringify(args);
    return text === undefined ? undefined : JSON.parse(text);
  } catch (error) {
    throw new ResourceXError(`The arguments cannot be written as JSON: ${messageOf(error)}`);
  }
}
