/** Packages of a registry that code needs: as they are asked for, as they are locked, and as files. */
import type { PrebundleCache } from "../bundler/prebundle-cache.ts";
import type { NamedOverrides } from "../request/package-fields.ts";

export interface PackageRequest {
  /** Name → range, tag or alias (`npm:other@^1`, `jsr:@std/yaml@1`), as in a package.json. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** Default: none. */
  readonly overrides?: NamedOverrides | undefined;
}

export interface LockedPackage {
  /** Name in the registry, which an alias may hide. */
  readonly name: string;
  readonly version: string;
  /** Directory, for example `node_modules/a/node_modules/b`. */
  readonly path: string;
  readonly registry: "npm" | "jsr";
  /** Path of the tarball at the registry. */
  readonly tarball: string;
  /** Hash as in a package-lock.json: `sha512-…`. */
  readonly integrity: string;
  /** True if nothing fails without it. It is left out if it has native code. */
  readonly optional?: true | undefined;
  /** Bytes of the files, as the registry tells. Absent if it does not. */
  readonly unpackedBytes?: number | undefined;
  /** Licence field of its package.json. */
  readonly license?: string | undefined;
  /** Time of publication, in ISO 8601. Absent if the registry does not tell. */
  readonly published?: string | undefined;
  /** Text of a deprecation. */
  readonly deprecated?: string | undefined;
}

/** Exact versions of everything that a request needs. */
export interface Lock extends PackageRequest {
  /** SHA-256 of the packages' paths, names, versions, hashes and optionality, in hexadecimal. */
  readonly hash: string;
  /** Packages by path. */
  readonly packages: readonly LockedPackage[];
}

/** Rules for versions that may be chosen. */
export interface PackagePolicy {
  /** Globs of names; a package needs one of them. Default: every name. */
  readonly allow?: readonly string[] | undefined;
  /** Globs of names that are refused. Default: none. */
  readonly deny?: readonly string[] | undefined;
  /** Days since the publication of a version. Default 0. */
  readonly minimumAge?: number | undefined;
}

/** A policy, and a word for its owner in errors: `server` or `tenant`. */
export interface OwnedPolicy extends PackagePolicy {
  readonly of: string;
}

export interface PackageOptions {
  /** Tenant. No process gets bytes for two of them. */
  readonly owner: string;
  /** Every one of them must allow a package. */
  readonly policies: readonly OwnedPolicy[];
  readonly signal?: AbortSignal | undefined;
}

export interface ResolveOptions extends PackageOptions {
  /** True: the registry is asked now, whatever it has answered before. Default false. */
  readonly anew?: boolean | undefined;
}

/** A known vulnerability of a version in a lock, as the registry tells. */
export interface Advisory {
  readonly name: string;
  readonly version: string;
  readonly severity: "info" | "low" | "moderate" | "high" | "critical";
  /** Text of the registry, which may be empty. */
  readonly title: string;
  /** Page about it, or `""`. */
  readonly url: string;
  /** Range of the vulnerable versions. */
  readonly range: string;
}

/** Resolves and fetches packages. */
export interface PackageSource {
  /** Cache of bundles of packages. Default: one in memory that all share. */
  readonly prebundles?: PrebundleCache | undefined;
  /**
   * Finds exact versions.
   *
   * @throws {BadRequest} For unknown packages and versions, and those that a policy refuses.
   * @throws {RegistryUnavailable} If the registry does not answer in time.
   * @throws {RegistryFailed} If its answers cannot be used.
   * @throws {HostBusy} If too many others wait.
   */
  resolve(request: PackageRequest, options: ResolveOptions): Promise<Lock>;
  /**
   * Returns the files of all packages as an archive (src/bundler/package-archive.ts), of this cache or of
   * the registry. Rejects as `resolve()`, and for packages with native code.
   */
  archive(lock: Lock, options: PackageOptions): Promise<Uint8Array>;
  /** Asks the registry for known vulnerabilities. `undefined` if it does not answer for them. */
  advisories(lock: Lock, options: PackageOptions): Promise<readonly Advisory[] | undefined>;
}
