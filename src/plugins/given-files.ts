import { BadRequest, PayloadTooLarge } from "../base/errors.ts";
import type { Config } from "../config/config.ts";
import type { JobFiles } from "../protocol/exchanged-files.ts";
import type { FileContent } from "../request/file-fields.ts";
import type { Tenant } from "../request/tenant.ts";
import type { ValidRequest } from "../request/types.ts";

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const GROUP = 4;

/**
 * Reads the files of a request, and the artifacts that it asks for; `undefined` for neither.
 *
 * @throws {BadRequest} for content that is not base64.
 * @throws {PayloadTooLarge} for more bytes than the host or the tenant allows.
 */
export function filesOf(
  { files, artifacts }: ValidRequest,
  host: Pick<Config, "maxFileBytes" | "maxArtifactBytes" | "maxArtifacts">,
  tenant: Tenant,
): JobFiles | undefined {
  if (files === undefined && artifacts === undefined) return undefined;
  const { maxFileBytes: own, maxArtifactBytes } = tenant;
  const given = Object.entries(files ?? {}).map(([path, content]) => ({
    path,
    bytes: bytesOf(path, content),
  }));
  const bytes = given.reduce((sum, file) => sum + file.bytes.length, 0);
  const most = Math.min(own ?? host.maxFileBytes, host.maxFileBytes);
  if (bytes > most) {
    const limit =
      most < host.maxFileBytes
        ? `this tenant's limit of ${most} (fileBytes)`
        : `the limit of ${most} (maxFileBytes, ISOLATE_FILE_BYTES)`;
    throw new PayloadTooLarge("files", `files: ${bytes} bytes exceed ${limit}`);
  }
  if (artifacts === undefined) return { given };
  return {
    given,
    wanted: {
      globs: artifacts,
      most: host.maxArtifacts,
      bytes: Math.min(maxArtifactBytes ?? host.maxArtifactBytes, host.maxArtifactBytes),
    },
  };
}

function bytesOf(path: string, content: FileContent): Uint8Array {
  if (typeof content === "string") return Buffer.from(content);
  const { base64 } = content;
  if (base64.length % GROUP === 0 && BASE64.test(base64)) return Buffer.from(base64, "base64");
  const field = `files[${JSON.stringify(path)}].base64`;
  throw new BadRequest(field, `${field}: Expected base64, with its padding`);
}
