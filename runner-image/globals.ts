import { EXIT, RunnerFault } from "./base/faults.ts";

/**
 * Globals that user code does not get: the worker's line to its host, and those of tools. Packages tell by the classes
 * that they run in a browser's worker, and would look for files and channels there.
 */
const REMOVED = [
  ...["postMessage", "onmessage", "onmessageerror", "crypto", "name"],
  ...["WorkerGlobalScope", "DedicatedWorkerGlobalScope", "WorkerLocation", "WorkerNavigator"],
];

/**
 * Removes globals that are not for user code, and turns every way to close the worker into a
 * report. Otherwise a worker that closes itself would go unnoticed and its caller would wait in
 * vain.
 */
export function restrictGlobals(onExit: (fault: RunnerFault) => void): void {
  const leave = (call: string) =>
    function exit(code?: unknown): never {
      const fault = new RunnerFault(EXIT, `Code called ${call}(${describe(code)})`, exit);
      onExit(fault);
      throw fault;
    };
  for (const name of REMOVED) Reflect.deleteProperty(globalThis, name);
  replace(globalThis, "close", leave("self.close"));
  replace(Reflect.get(globalThis, "Deno"), "exit", leave("Deno.exit"));
  const process: unknown = Reflect.get(globalThis, "process");
  replace(process, "reallyExit", leave("process.exit"));
  replace(process, "abort", leave("process.abort"));
}

function describe(code: unknown): string {
  return typeof code === "number" ? `${code}` : "";
}

function replace(target: unknown, name: string, value: unknown): void {
  if (typeof target !== "object" || target === null) return;
  Object.defineProperty(target, name, { value, configurable: false, writable: false });
}
