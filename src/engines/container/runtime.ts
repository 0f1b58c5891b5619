import { EngineUnavailable } from "../../base/errors.ts";

interface Runtime {
  readonly path?: string;
  readonly runtimeArgs?: readonly string[];
}

/** Runtimes in an engine's description of itself. */
interface EngineInfo {
  readonly Runtimes?: Readonly<Record<string, Runtime>>;
}

/**
 * Checks the OCI runtime. Returns a warning for the operator, if there is a reason for one.
 *
 * @throws {EngineUnavailable} if the engine does not have the runtime.
 */
export function checkRuntime(info: EngineInfo, runtime: string | undefined): string | undefined {
  const { Runtimes: runtimes = {} } = info;
  if (runtime === undefined) return undefined;
  if (!Object.hasOwn(runtimes, runtime)) {
    const known = Object.keys(runtimes).sort().join(", ");
    throw new EngineUnavailable(`The engine has no runtime "${runtime}"; it has ${known}`);
  }
  if (!runtimes[runtime]?.runtimeArgs?.includes("--ignore-cgroups")) return undefined;
  return `Runtime "${runtime}" ignores cgroups: nothing limits the memory, processors and processes of sandboxes`;
}
