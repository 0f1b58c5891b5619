import { randomUUID } from "node:crypto";
import type { PartialConfig } from "../config/config.ts";
import type { IsolatePlugin } from "../plugins/plugin.ts";
import type { ToolSource } from "../tools/tool.ts";
import { openRegistry, type Registry, type RegistryOptions } from "./registry.ts";
import { builtinTypes } from "./types/builtin-bundles.ts";
import { LevelKernels } from "./types/level-kernels.ts";
import { KernelRunner, type OnLog } from "./types/type-runner.ts";

const TIMEOUT = 30_000;
const MEMORY = 256;

export interface CreateRegistryOptions extends RegistryOptions {
  /** Milliseconds for each execution, from its start in a sandbox. Default 30,000. */
  readonly timeout?: number;
  /** Megabytes of a sandbox, at the levels that have one; at least 128. Default 256. */
  readonly memory?: number;
  /** Receives each line that a type writes to its console. Default: no listener. */
  readonly onLog?: OnLog;
  /**
   * Further settings of all executions, as for `createIsolate()`. `ceiling`, `mounts`, `env` and
   * `db` decide on what types may be granted.
   */
  readonly config?: Omit<PartialConfig, "sandbox" | "timeout" | "memory">;
  /** Tools that types may ask for, beside the built-in ones. Default none. */
  readonly tools?: readonly ToolSource[];
  /** Plugins that see all executions of types. Default none. */
  readonly plugins?: readonly IsolatePlugin[];
  /** Directory of the sandboxes' control sockets. Default: that of `createIsolate()`. */
  readonly runDirectory?: string;
  /**
   * Receives each line about sandboxes that is of interest to an operator. Default: no listener.
   */
  readonly log?: (line: string) => void;
}

/**
 * Makes a registry of resources. The code of each type runs at the level the type asks for. That is
 * in this process (`none`), in a process of its own (`isolated`) or in a container (`container`).
 * Each level is started when its first type runs. Call `close()` at the end: open sandboxes keep
 * this process alive.
 *
 * @throws {ResourceXError} For bad options.
 *
 * @example
 * const registry = createRegistry({ path: "./resources" });
 * await registry.add("./hello"); // a folder with resource.json and content
 * const { execute } = await registry.resolve<void, string>("hello.text@1.0.0");
 * await execute(); // "Hello"
 * await registry.close();
 */
export function createRegistry(options: CreateRegistryOptions = {}): Registry {
  const { timeout = TIMEOUT, memory = MEMORY, onLog, runDirectory, log, ...others } = options;
  const { config: given, tools, plugins, ...rest } = others;
  const own = { ...given, timeout, memory };
  const kernels = new LevelKernels({ config: own, tools, plugins, warm: 1, runDirectory, log });
  const runner = new KernelRunner({ kernels, onLog, tenant: { id: randomUUID() } });
  return openRegistry(rest, runner, { builtins: builtinTypes });
}
