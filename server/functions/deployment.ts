import { Aborted, BadRequest, PayloadTooLarge, TenantLimit } from "../../src/base/errors.ts";
import { PerTenantQueue } from "../../src/base/per-tenant-queue.ts";
import { bundleFunction, checkModule } from "../../src/bundler/function-bundle.ts";
import type { DeployBody } from "../../src/contract/functions.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { Sources } from "../../src/packages/builds/package-builds.ts";
import type { Lock } from "../../src/packages/types.ts";
import { type ExaminedLock, sourcesOf } from "../../src/plugins/package-service.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import type { NewVersion } from "../store/contract/functions.ts";
import type { Caller } from "../tenants/auth.ts";
import { assertEntry } from "./entry.ts";
import { withKeptFields } from "./kept-request.ts";

const MAIN = "main.ts";
/** Queue of compilations, of which each tenant has eight places. */
const compilations = new PerTenantQueue(8);

/** Runs a tenant's compilations one after the other. */
export function compileInTurn<T>(tenant: string, compile: () => Promise<T>): Promise<T> {
  return compilations.take(tenant, compile);
}

/** A deployment, as its route or an earlier version states it. */
export interface DeploymentInput {
  readonly kernel: Kernel;
  readonly caller: Caller;
  readonly name: string;
  readonly body: DeployBody;
  /** Lock to use for its packages. Default: they are resolved. */
  readonly pinned?: Lock | undefined;
  /** True: they are resolved anew, whatever has been found before. Default false. */
  readonly anew?: boolean | undefined;
  /** Ends the work once aborted. */
  readonly signal?: AbortSignal | undefined;
}

export interface MadeVersion {
  readonly version: NewVersion;
  /** Texts about known faults of its packages. */
  readonly warnings: readonly string[];
}

/**
 * Makes a version of a deployment. Rejects as an execution of it would: for denied permissions, for
 * code that cannot be parsed or bundled, and for a missing entry.
 */
export async function toVersion(input: DeploymentInput): Promise<MadeVersion> {
  const { kernel, caller, name, body } = input;
  const { tenant } = caller;
  const { code: given, files: all, main = MAIN, kind, public: isPublic, ...rest } = body;
  const { stripPrefix, cors, schema, description, ...asked } = rest;
  const { dependencies: _d, overrides: _o, packages: _p, ...request } = asked;
  const check = (asked: object, isBundle = false): Promise<void> =>
    kernel.check(asked as ExecuteRequest, { tenant, isBundle, deployed: {}, isAnswered: true });
  // Checks first what costs nothing. The code is not bundled yet.
  const settled = await withReuse(request, (asked) => check({ ...asked, code: given ?? "" }));
  const sources: Sources =
    given === undefined
      ? { files: all ?? {}, main, field: "files" }
      : sourcesOf({ code: given, language: body.language });
  const made = await compileInTurn(tenant.id, () => {
    if (input.signal?.aborted) throw new Aborted();
    return compiled(input, sources);
  });
  const { code, sourceMap, exports, packages } = made;
  if (exports !== undefined) assertEntry(body, exports, code);
  const isBundle = given === undefined || packages !== undefined;
  if (isBundle) {
    await check({ ...settled, code }, true).catch((error: unknown) => {
      if (!(error instanceof PayloadTooLarge)) throw error;
      const { field } = sources;
      throw new PayloadTooLarge(field, error.message.replace(/^code:/, `${field}: Bundled,`));
    });
    settled.language = "javascript";
  }
  const written = isBundle && given !== undefined ? (body.language ?? "any") : undefined;
  const kept = withKeptFields(
    { kind, request: settled },
    { stripPrefix, cors, written, schema, description },
  );
  const files = isBundle ? sources.files : { [MAIN]: given };
  const version = {
    tenant: tenant.id,
    name,
    kind,
    files,
    main: isBundle ? sources.main : MAIN,
    code,
    sourceMap,
    request: kept,
    public: isPublic,
    ...(packages && { lock: JSON.stringify(packages.lock), lockHash: packages.lock.hash }),
  };
  return { version, warnings: packages?.warnings ?? [] };
}

interface Compiled extends Pick<NewVersion, "code" | "sourceMap"> {
  readonly exports: readonly string[] | undefined;
  readonly packages?: ExaminedLock;
}

/** Makes the code of a version of its files and packages, or only checks that of its one module. */
async function compiled(
  { kernel, caller, body, pinned, anew, signal }: DeploymentInput,
  sources: Sources,
): Promise<Compiled> {
  const { tenant } = caller;
  const { dependencies, overrides, packages: set, code, language } = body;
  const stated = { dependencies, overrides, packages: set, pinned, anew };
  const packages = await kernel.packages.lockOf(stated, sources, { tenant, signal });
  if (packages !== undefined) {
    const context = { tenant, signal };
    const { map, ...bundle } = await kernel.packages.bundleFiles(sources, packages.lock, context);
    return { ...bundle, sourceMap: map, packages };
  }
  if (code !== undefined) {
    const { exports } = await checkModule({ code, language }, tenant.id);
    return { code, sourceMap: undefined, exports };
  }
  const { files, main } = sources;
  const { map, ...bundle } = await bundleFunction({ files, main }, tenant.id);
  return { ...bundle, sourceMap: map };
}

/**
 * Enables reuse of the function's sandboxes if the request leaves it open and nothing prevents it.
 */
async function withReuse<R extends Pick<DeployBody, "reuse">>(
  request: R,
  check: (request: R) => Promise<void>,
): Promise<R> {
  const kept = { ...request, reuse: request.reuse ?? "code" };
  try {
    await check(kept);
    return kept;
  } catch (error) {
    const isReuse = error instanceof BadRequest || error instanceof TenantLimit;
    if (request.reuse !== undefined || !isReuse || error.field !== "reuse") throw error;
  }
  const anew = { ...request, reuse: "never" as const };
  await check(anew);
  return anew;
}
