import { type DeployBody, deployBody } from "../../src/contract/functions.ts";
import type { Lock } from "../../src/packages/types.ts";
import type { FunctionVersion } from "../store/contract/functions.ts";
import { corsOf, describedAs, executionOf, seesRoot, writtenLanguage } from "./kept-request.ts";

/** The deployment of an earlier version, as it can be made again. */
export interface Redeployment {
  readonly body: DeployBody;
  /** Lock of its packages, to be used as it is. */
  readonly pinned: Lock | undefined;
  /** True: they are resolved anew. */
  readonly anew: boolean;
}

/**
 * Returns the deployment that a version was made of. With `update`, its packages are resolved anew.
 */
export function redeploymentOf(version: FunctionVersion, update: boolean): Redeployment {
  const { kind, files, main, code, public: isPublic, lock: text } = version;
  const lock = text === null ? undefined : (JSON.parse(text) as Lock);
  const request = executionOf(version);
  // Without packages, code that came as one module is kept as it came.
  const isModule = lock === undefined && files[main] === code && Object.keys(files).length === 1;
  const { language: _bundled, ...bundled } = request;
  const written = writtenLanguage(version);
  const language = written === "any" ? undefined : written;
  const sources = written === undefined ? { files, main } : { code: files[main], language };
  const body = {
    ...(isModule ? { ...request, code } : { ...bundled, ...sources }),
    ...describedAs(version),
    kind,
    public: isPublic,
    ...(kind === "http" && { stripPrefix: seesRoot(version), cors: corsOf(version) }),
    ...(update && lock && { dependencies: lock.dependencies, overrides: lock.overrides }),
  };
  return { body: deployBody.parse(body), pinned: update ? undefined : lock, anew: update };
}
