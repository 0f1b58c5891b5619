import { archiveDigest } from "../archive/archive-digest.ts";
import type { RXA } from "../archive/package.ts";
import { ContentError } from "../base/resourcex-errors.ts";

/** Returns the digest of an archive's files. Archives that pack them differently have the same. */
export async function digestOf(archive: RXA): Promise<string> {
  return archiveDigest(await (await archive.extract()).files());
}

/** Rejects with a `ContentError` if a locator has a digest and the archive has another. */
export async function assertDigest(
  { digest: asked }: { readonly digest?: string | undefined },
  archive: RXA,
): Promise<void> {
  if (asked === undefined) return;
  const actual = await digestOf(archive);
  if (actual !== asked) throw new ContentError(otherDigest(asked, actual));
}

export function otherDigest(asked: string, actual: string): string {
  return `The content has the digest ${actual}, and not ${asked}`;
}
