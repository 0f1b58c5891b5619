import { createHash } from "node:crypto";
import type { LockedPackage } from "../types.ts";

/** Hash of packages: equal for two locks exactly if their archives are equal. */
export function lockHash(packages: readonly LockedPackage[]): string {
  const facts = packages
    .map(({ path, name, version, integrity, optional = false }) => {
      return [path, name, version, integrity, optional];
    })
    .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}
