import { PayloadTooLarge } from "../base/errors.ts";
import type { Config } from "../config/config.ts";
import type { Tenant } from "../request/tenant.ts";

/** Most bytes that a UTF-16 unit takes in UTF-8. */
const UNIT = 3;

/** Owner of code, and what the code is. */
interface CodeOwner extends Pick<Tenant, "maxSize" | "maxBundleSize"> {
  readonly codeLimit?: number | undefined;
  readonly isBundle?: boolean | undefined;
}

/**
 * Checks the size of an execution's code. A bundle of files and packages has a limit of its own.
 *
 * @throws {PayloadTooLarge} Naming the setting by which it is too large.
 */
export function assertCodeSize(
  code: string,
  settings: Pick<Config, "maxSize" | "maxBundleSize">,
  requester: CodeOwner,
): void {
  const { isBundle = false, codeLimit } = requester;
  const own = isBundle ? requester.maxBundleSize : requester.maxSize;
  const host = isBundle ? settings.maxBundleSize : settings.maxSize;
  const limit = codeLimit ?? Math.min(own ?? host, host);
  if (code.length * UNIT <= limit) return;
  const size = Buffer.byteLength(code);
  if (size <= limit) return;
  const names = isBundle ? BUNDLE : CODE;
  const most =
    own !== undefined && own < host
      ? `this tenant's limit of ${limit} (${names.tenant})`
      : `the limit of ${limit} (${names.host})`;
  throw new PayloadTooLarge("code", `code: ${size} bytes exceed ${most}`);
}

const CODE = { tenant: "codeBytes", host: "maxSize, ISOLATE_CODE_BYTES" };
const BUNDLE = { tenant: "bundleBytes", host: "maxBundleSize, ISOLATE_BUNDLE_BYTES" };
