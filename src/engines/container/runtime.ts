import { EngineUnavailable } from "../../base/errors.ts";

interface Runtime {
  readonly path?: string;
  readonly runtimeArgs?: readonly string[];
}

/** Of what an engine says of itself, what it knows of runtimes. */
interface EngineInfo {
  readonly Runtimes?: Readonly<Record<string, Runtime>>;
}

/**
 * Throws `EngineUnavailable` for an OCI runtime the engine does not have, and returns what an
 * operator should know of one that it has, if there is something.
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
