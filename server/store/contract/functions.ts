import type { Page } from "./page.ts";

/**
 * Kind of a function: called with a value, or with a `Request` that it answers with a `Response`.
 */
export type FunctionKind = "value" | "http";

/** One deployment. It never changes. */
export interface FunctionVersion {
  readonly tenant: string;
  readonly name: string;
  /** Number of the version; 1 for the first. */
  readonly version: number;
  readonly kind: FunctionKind;
  /** Deployed files: path → text. */
  readonly files: Readonly<Record<string, string>>;
  /** Path of the called module among `files`. */
  readonly main: string;
  /** Bundled code: one module, which sandboxes get. */
  readonly code: string;
  /** The `ExecuteRequest` without its code and input. An HTTP function's has `stripPrefix`, too. */
  readonly request: Readonly<Record<string, unknown>>;
  /** True if `/f/…` serves it without a key. */
  readonly public: boolean;
  /** Lock of its packages as JSON, and its hash; null without packages. */
  readonly lock: string | null;
  readonly lockHash: string | null;
  readonly createdAt: Date;
}

export interface FunctionRow {
  readonly tenant: string;
  readonly name: string;
  /** Number of the version that is called. */
  readonly current: number;
  readonly latest: number;
  readonly kind: FunctionKind;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface NewVersion
  extends Omit<FunctionVersion, "version" | "createdAt" | "lock" | "lockHash"> {
  readonly lock?: string | undefined;
  readonly lockHash?: string | undefined;
  /** Source map of the code, as its compiler claims it. It is read by itself. */
  readonly sourceMap?: string | undefined;
}

/** Most versions of a function that are kept: the newest ones. */
export const MAX_VERSIONS = 100;

export interface Functions {
  /**
   * Adds the next version and makes it current. Deletes the oldest ones beyond `MAX_VERSIONS`.
   * `limit` is the most bytes that the tenant may store.
   *
   * @throws {StorageFull} Beyond `limit`.
   */
  deploy(version: NewVersion, limit?: number): Promise<FunctionVersion>;
  get(tenant: string, name: string): Promise<FunctionRow | undefined>;
  /** Returns a version. Default: the current one. */
  version(tenant: string, name: string, version?: number): Promise<FunctionVersion | undefined>;
  /** Returns a version without its files, code and lock. Default: the current one. */
  outline(
    tenant: string,
    name: string,
    version?: number,
  ): Promise<Omit<FunctionVersion, "files" | "code" | "lock"> | undefined>;
  /** Returns the source map of a version that has one. */
  sourceMap(tenant: string, name: string, version: number): Promise<string | undefined>;
  /** Lists versions, the newest first, without their files, code and locks. */
  versions(
    tenant: string,
    name: string,
  ): Promise<Omit<FunctionVersion, "files" | "code" | "lock">[]>;
  /** Lists functions by name. */
  list(tenant: string, page: Page): Promise<FunctionRow[]>;
  /** Lists the requests of current versions that may have a schema, by the names of their functions. */
  described(tenant: string, page: Page): Promise<Pick<FunctionVersion, "name" | "request">[]>;
  /** Makes an existing version current. Returns false if there is no such version. */
  activate(tenant: string, name: string, version: number): Promise<boolean>;
  /** Deletes a function with all its versions. A later deployment of that name begins at 1. */
  delete(tenant: string, name: string): Promise<boolean>;
}
