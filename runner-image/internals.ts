import { apply, defineProperty, deleteProperty, startsWith, toNumber } from "./base/primordials.ts";
import { closeHandles } from "./handles.ts";
import { closeWorkers } from "./nested-workers.ts";
import { refuseVsock } from "./vsock.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

const { NotCapable } = Deno.errors;

/** Modules of the runtime that it offers to its own tests. */
const INTERNAL = "internal/";
const NODE_INTERNAL = "node:internal/";
const TEST_BINDING = "internal/test/binding";

/**
 * Takes away what leads from a worker's globals to the runtime's insides: its operations on
 * resources by their number, its handles for sockets and files, and the loader of its own modules.
 * Comes before user code. `prelude` is the URL of a module that does the same in a nested worker.
 */
export function closeInternals(prelude: string): void {
  const { process, Deno } = globalThis as Anything;
  closeHandles((name) => process.binding(name));
  const modules = process.getBuiltinModule("node:module");
  closeModules(modules);
  closeWorkers(prelude, process.getBuiltinModule("node:worker_threads").Worker);
  refuseVsock();
  deleteProperty(Deno, Deno.internal);
  deleteProperty(Deno, "internal");
  for (const name of ["binding", "_linkedBinding", "dlopen"]) deleteProperty(process, name);
  guardKill(process);
  // It compiles what code has written, in libraries of the host's.
  deleteProperty(Object.getPrototypeOf(navigator), "gpu");
  // A warning is written to standard error, which nobody reads: that would be the end of an execution.
  process.removeAllListeners("warning");
}

/** Has the process send itself no signal: it would look as if the kernel had ended it for its memory. */
function guardKill(process: Anything): void {
  const { _kill: kill, pid } = process;
  const guarded = (target: unknown, signal: unknown): unknown => {
    const number = toNumber(target);
    if (number === pid && signal !== 0) throw new NotCapable("Code may not end its sandbox");
    return apply(kill, process, [number, signal]);
  };
  defineProperty(process, "_kill", { value: guarded, writable: false, configurable: false });
}

function isInternal(name: string): boolean {
  return startsWith(name, INTERNAL) || startsWith(name, NODE_INTERNAL);
}

/** Has no way of `require` lead to the modules that only the runtime's own tests may load. */
function closeModules(modules: Anything): void {
  const load = modules._load;
  // A hook can lead any name there, behind all checks: what it finds is empty.
  const binding = load(TEST_BINDING);
  for (const object of [binding.default, binding]) {
    for (const name of Reflect.ownKeys(object ?? {})) deleteProperty(object, name);
  }
  const guarded = function (this: unknown, ...args: unknown[]): unknown {
    // Not taken apart: code may have replaced how lists are.
    const name = args[0];
    if (typeof name === "string" && isInternal(name)) {
      throw new Error(`Cannot find module '${name}'`);
    }
    return apply(load, this, args);
  };
  Object.defineProperty(modules, "_load", { value: guarded, enumerable: true });
}
