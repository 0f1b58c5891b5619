/** Schemas of packages in the HTTP API. */
import { z } from "zod";
import type { Lock } from "../packages/types.ts";
import { absent, object, strictObject } from "../request/object-schema.ts";
import { dependencies, overrides, setName } from "../request/package-fields.ts";

export const setParams = object({ set: setName.meta({ param: { example: "dates" } }) });

/** The body of `PUT /packages/{set}`. */
export const setBody = strictObject({
  dependencies,
  overrides: overrides.optional(),
}).meta({ id: "PackageSetBody" });

const named = z.record(z.string(), z.string());

const lockedPackage = object({
  /** Name in the registry. */
  name: z.string(),
  version: z.string(),
  /** Hash of its tarball, as in a package-lock.json. */
  integrity: z.string(),
  license: absent(z.string()),
  /** Bytes of its files, as the registry tells. */
  unpackedBytes: absent(z.int()),
  /** Directory, for example `node_modules/zod`. */
  path: z.string(),
  /** Time of its publication. */
  published: absent(z.string()),
  /** Text of a deprecation. */
  deprecated: absent(z.string()),
});

/** Exact versions of packages. */
export const shownLock = object({
  hash: z.string(),
  /** Packages that were asked for. */
  dependencies: named.meta({ description: "What was asked for" }),
  overrides: absent(z.looseObject({})),
  packages: z.array(lockedPackage),
}).meta({ id: "PackageLock" });

const time = z.iso.datetime();

/** A prepared set of packages. */
export const shownSet = object({
  name: z.string(),
  dependencies: named,
  overrides: absent(z.looseObject({})),
  lockHash: z.string(),
  /** True for a set of the operator, which all tenants may use. */
  shared: z.boolean().meta({ description: "Whether it is the operator's, for all tenants" }),
  createdAt: time,
  updatedAt: time,
}).meta({ id: "PackageSet" });

export const wholeSet = object({
  ...shownSet.shape,
  lock: shownLock,
  /** Texts about known security faults of its packages. */
  warnings: absent(z.array(z.string())).meta({ description: "Known faults of its packages" }),
}).meta({ id: "WholePackageSet" });

/** Returns a lock as it is shown: without paths of tarballs, which may be the operator's own affair. */
export function lockShown({ hash, dependencies, overrides, packages }: Lock) {
  return {
    hash,
    dependencies,
    ...(overrides && { overrides }),
    packages: packages.map(({ tarball: _tarball, registry: _registry, ...shown }) => shown),
  };
}
