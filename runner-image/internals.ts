import { apply, defineProperty, deleteProperty, toNumber } from "./base/primordials.ts";
import { guardResolution, refuseInternal } from "./base/resolution.ts";
import { closeHandles } from "./handles.ts";
import { closeWorkers, type NestedOutput } from "./nested-workers.ts";
import { startTunnelsOfHandles } from "./node-connections.ts";
import { refuseVsock } from "./vsock.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

const { NotCapable } = Deno.errors;

/** Module with the runtime's internals, for its own tests. */
const TEST_BINDING = "internal/test/binding";

/**
 * Removes access from a worker's globals to the runtime's internals. These are operations on
 * resources by number, handles for sockets and files, and the internal module loader. Runs before
 * user code. `prelude` makes the URL of a module that does the same in a nested worker, and `output`
 * receives that worker's output. `urlOfMain` makes a URL of the module of user code.
 */
export function closeInternals(
  prelude: () => string,
  output: NestedOutput,
  urlOfMain: () => string,
): void {
  const { process, Deno } = globalThis as Anything;
  const binding = (name: string): Anything => process.binding(name);
  startTunnelsOfHandles(binding);
  closeHandles(binding);
  const modules = process.getBuiltinModule("node:module");
  closeModules(modules);
  // Only an export of the module has it. Imports get what the object has.
  modules.getBuiltinModule = process.getBuiltinModule;
  closeWorkers(prelude, process.getBuiltinModule("node:worker_threads").Worker, output, urlOfMain);
  refuseVsock();
  deleteProperty(Deno, Deno.internal);
  deleteProperty(Deno, "internal");
  for (const name of ["binding", "_linkedBinding", "dlopen"]) deleteProperty(process, name);
  guardKill(process);
  guardFlags(process.getBuiltinModule("node:v8"));
  // WebGPU compiles shaders of user code in libraries of the host.
  deleteProperty(Object.getPrototypeOf(navigator), "gpu");
  // A warning goes to standard error, which nobody reads; writing there would end the execution.
  process.removeAllListeners("warning");
}

/**
 * Refuses a signal to the process itself. It would look like a kill by the kernel for its memory.
 */
function guardKill(process: Anything): void {
  const { _kill: kill, pid } = process;
  const guarded = (target: unknown, signal: unknown): unknown => {
    const number = toNumber(target);
    if (number === pid && signal !== 0) throw new NotCapable("Code may not end its sandbox");
    return apply(kill, process, [number, signal]);
  };
  defineProperty(process, "_kill", { value: guarded, writable: false, configurable: false });
}

/**
 * Refuses flags of V8. They change the whole process: one lets code call V8's natives, which trust
 * their arguments.
 */
function guardFlags(v8: Anything): void {
  const value = (): never => {
    throw new NotCapable("Code may not set flags of V8");
  };
  defineProperty(v8, "setFlagsFromString", { value, writable: false, configurable: false });
}

/** Blocks `require` for the modules that exist for the runtime's own tests. */
function closeModules(modules: Anything): void {
  const load = modules._load;
  // A loader hook can map any name to this module and bypass all checks, so it is emptied.
  const binding = load(TEST_BINDING);
  for (const object of [binding.default, binding]) {
    for (const name of Reflect.ownKeys(object ?? {})) deleteProperty(object, name);
  }
  const guarded = function (this: unknown, ...args: unknown[]): unknown {
    // Not destructured: code may have replaced the iterator of arrays.
    const name = args[0];
    if (typeof name === "string") refuseInternal(name);
    return apply(load, this, args);
  };
  Object.defineProperty(modules, "_load", { value: guarded, enumerable: true });
  guardResolution(modules);
}
