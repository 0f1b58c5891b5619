import { BadRequest, PayloadTooLarge, TenantLimit } from "../../src/base/errors.ts";
import { PerTenantQueue } from "../../src/base/per-tenant-queue.ts";
import { bundleFunction } from "../../src/bundler/function-bundle.ts";
import type { DeployBody } from "../../src/contract/functions.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import type { NewVersion } from "../store/contract/functions.ts";
import type { Caller } from "../tenants/auth.ts";

const MAIN = "main.ts";
/** Compilations of one tenant that may wait. */
const turns = new PerTenantQueue(8);

/** Compiles for tenants, for each of them one thing at a time. */
export function compileInTurn<T>(tenant: string, compile: () => Promise<T>): Promise<T> {
  return turns.take(tenant, compile);
}

/**
 * Makes a version of what is deployed. Rejects as an execution of it would: for what its tenant may not
 * have, as for what cannot be bundled.
 */
export async function toVersion(
  kernel: Kernel,
  { tenant }: Caller,
  name: string,
  body: DeployBody,
): Promise<NewVersion> {
  const { code: given, files: all, main = MAIN, kind, public: isPublic, ...request } = body;
  const files = given === undefined ? (all ?? {}) : { [MAIN]: given };
  const check = (asked: object): Promise<void> => kernel.check(asked as ExecuteRequest, { tenant });
  // First what costs nothing; the code is not there yet.
  const settled = await withReuse(request, (asked) => check({ ...asked, code: "" }));
  const code =
    given ?? (await compileInTurn(tenant.id, () => bundleFunction({ files, main }, tenant.id)));
  await check({ ...settled, code }).catch((error: unknown) => {
    if (!(error instanceof PayloadTooLarge) || given !== undefined) throw error;
    throw new PayloadTooLarge("files", error.message.replace(/^code:/, "files: Bundled,"));
  });
  return { tenant: tenant.id, name, kind, files, main, code, request: settled, public: isPublic };
}

/** Has the function's sandboxes kept warm if nothing is said and nothing speaks against it. */
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
