import { hasNameOf, meansNewest, type Named } from "./by-name.ts";
import { LATEST } from "./identifier.ts";
import { type StorableRXL, storableOfText } from "./storable.ts";
import type { ResourceStorage } from "./storage.ts";

/** Lists all types and versions of a locator's name in a storage. */
export async function storedNames(
  storage: ResourceStorage,
  asked: StorableRXL,
): Promise<readonly Named[]> {
  if (storage.named !== undefined) return storage.named(asked);
  const named: Named[] = [];
  for await (const one of storage.list()) {
    const locator = hasNameOf(asked, one) ? storableOfText(String(one)) : undefined;
    if (locator !== undefined) named.push({ locator, changed: 0n });
  }
  const versions = new Set(named.map(({ locator }) => locator.version));
  // Such a storage does not tell which one is the newest, and it is not guessed.
  const isUnclear = versions.size > 1 && meansNewest(asked);
  return isUnclear ? named.filter(({ locator }) => locator.version === LATEST) : named;
}
