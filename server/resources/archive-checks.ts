import { PerTenantQueue } from "../../src/base/per-tenant-queue.ts";
import { checkArchive } from "../../src/resourcex/archive/unpacker.ts";

/** Archives of one tenant that may wait to be unpacked. */
const turns = new PerTenantQueue(16);

/**
 * Reads and unpacks an archive for a tenant, in its turn, and returns the digest of its files.
 *
 * @throws {ContentError} If it cannot be unpacked.
 */
export function checkedDigest(
  read: () => Buffer | Promise<Buffer>,
  tenant: string,
): Promise<string> {
  return turns.take(tenant, async () => checkArchive(await read(), tenant));
}
