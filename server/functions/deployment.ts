import { BadRequest, PayloadTooLarge, TenantLimit } from "../../src/base/errors.ts";
import { PerTenantQueue } from "../../src/base/per-tenant-queue.ts";
import { bundleFunction, checkModule } from "../../src/bundler/function-bundle.ts";
import type { DeployBody } from "../../src/contract/functions.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import type { NewVersion } from "../store/contract/functions.ts";
import type { Caller } from "../tenants/auth.ts";
import { assertEntry } from "./entry.ts";
import { withStripPrefix } from "./kept-request.ts";

const MAIN = "main.ts";
/** Queue of compilations, of which each tenant has eight places. */
const compilations = new PerTenantQueue(8);

/** Runs a tenant's compilations one after the other. */
export function compileInTurn<T>(tenant: string, compile: () => Promise<T>): Promise<T> {
  return compilations.take(tenant, compile);
}

/**
 * Makes a version of a deployment. Rejects as an execution of it would: for denied permissions, for
 * code that cannot be parsed or bundled, and for a missing entry.
 */
export async function toVersion(
  kernel: Kernel,
  { tenant }: Caller,
  name: string,
  body: DeployBody,
): Promise<NewVersion> {
  const { code: given, files: all, main = MAIN, kind, public: isPublic, ...rest } = body;
  const { stripPrefix, ...request } = rest;
  const files = given === undefined ? (all ?? {}) : { [MAIN]: given };
  const check = (asked: object, isBundle = false): Promise<void> =>
    kernel.check(asked as ExecuteRequest, { tenant, isBundle });
  // Checks first what costs nothing. The code is not bundled yet.
  const settled = await withReuse(request, (asked) => check({ ...asked, code: given ?? "" }));
  const { code, sourceMap, exports } = await compileInTurn(tenant.id, () =>
    compiled(body, files, tenant.id),
  );
  if (exports !== undefined) assertEntry(body, exports, code);
  if (given === undefined) {
    await check({ ...settled, code }, true).catch((error: unknown) => {
      if (!(error instanceof PayloadTooLarge)) throw error;
      throw new PayloadTooLarge("files", error.message.replace(/^code:/, "files: Bundled,"));
    });
    settled.language = "javascript";
  }
  const kept = withStripPrefix({ kind, request: settled }, stripPrefix);
  return {
    tenant: tenant.id,
    name,
    kind,
    files,
    main,
    code,
    sourceMap,
    request: kept,
    public: isPublic,
  };
}

interface Compiled extends Pick<NewVersion, "code" | "sourceMap"> {
  readonly exports: readonly string[] | undefined;
}

/** Makes the code of a version of its files, or only checks that of its one module. */
async function compiled(
  { code, language, main = MAIN }: DeployBody,
  files: NewVersion["files"],
  tenant: string,
): Promise<Compiled> {
  if (code !== undefined) {
    const { exports } = await checkModule({ code, language }, tenant);
    return { code, sourceMap: undefined, exports };
  }
  const { map, ...bundle } = await bundleFunction({ files, main }, tenant);
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
