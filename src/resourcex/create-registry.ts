import { randomUUID } from "node:crypto";
import { roundMemory } from "../base/round-memory.ts";
import { openRegistry, type Registry, type RegistryOptions } from "./registry.ts";
import { builtinTypes } from "./types/builtin-bundles.ts";
import { EngineLevels } from "./types/levels.ts";
import { EngineRunner, type OnLog } from "./types/type-runner.ts";

const TIMEOUT = 30_000;
const MEMORY = 256;

export interface CreateRegistryOptions extends RegistryOptions {
  /** Milliseconds each execution has, waiting for a sandbox included. Default 30,000. */
  readonly timeout?: number;
  /** Megabytes of a sandbox, at the levels that have one. Default 256. */
  readonly memory?: number;
  /** Told of each line that a type writes to its console. Default: nobody. */
  readonly onLog?: OnLog;
  /** Directory of the sandboxes' control sockets. Default: as `createIsolate()`. */
  readonly runDirectory?: string;
  /** Told what an operator wants to know of the sandboxes, a line each. Default: nobody. */
  readonly log?: (line: string) => void;
}

/**
 * Makes a registry of resources whose types' code runs at the level each type asks for: in this
 * process (`none`), in a process of its own (`isolated`) or in a container. What a level takes is
 * started when the first type runs there; call `close()` when done, as sandboxes keep this process
 * alive. Throws a `ResourceXError` for options that are no good.
 *
 * @example
 * const registry = createRegistry({ path: "./resources" });
 * await registry.add("./hello"); // a folder with resource.json and content
 * const { execute } = await registry.resolve<void, string>("hello.text@1.0.0");
 * await execute(); // "Hello"
 * await registry.close();
 */
export function createRegistry(options: CreateRegistryOptions = {}): Registry {
  const { timeout = TIMEOUT, memory = MEMORY, onLog, runDirectory, log, ...rest } = options;
  const levels = new EngineLevels({ warm: 1, runDirectory, log });
  const runner = new EngineRunner({
    levels,
    timeout,
    profile: { memory: roundMemory(memory), cpus: 1 },
    onLog,
    tenant: randomUUID(),
  });
  return openRegistry(rest, runner, { builtins: builtinTypes });
}
