import type { Page } from "./page.ts";

/** How a function is called: with a value, or with a `Request` that it answers with a `Response`. */
export type FunctionKind = "value" | "http";

/** One deployment; never changed. */
export interface FunctionVersion {
  readonly tenant: string;
  readonly name: string;
  /** 1 for the first. */
  readonly version: number;
  readonly kind: FunctionKind;
  /** Path → text, as it was deployed. */
  readonly files: Readonly<Record<string, string>>;
  /** Path among `files` of the module that is called. */
  readonly main: string;
  /** One module: what is handed to sandboxes. */
  readonly code: string;
  /** Everything of an `ExecuteRequest` but its code and input. */
  readonly request: Readonly<Record<string, unknown>>;
  /** Whether `/f/…` serves it without a key. */
  readonly public: boolean;
  readonly createdAt: Date;
}

export interface FunctionRow {
  readonly tenant: string;
  readonly name: string;
  /** The version that is called. */
  readonly current: number;
  readonly latest: number;
  readonly kind: FunctionKind;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type NewVersion = Omit<FunctionVersion, "version" | "createdAt">;

/** Versions of a function that are kept: the newest ones. */
export const MAX_VERSIONS = 100;

export interface Functions {
  /**
   * Adds the next version and has it be the one that is called; forgets the oldest beyond `MAX_VERSIONS`.
   * `limit` is how many bytes its tenant may store; rejects with `StorageFull` beyond that.
   */
  deploy(version: NewVersion, limit?: number): Promise<FunctionVersion>;
  get(tenant: string, name: string): Promise<FunctionRow | undefined>;
  /** Without `version`, the one that is called. */
  version(tenant: string, name: string, version?: number): Promise<FunctionVersion | undefined>;
  /** The newest first, without their files and code. */
  versions(tenant: string, name: string): Promise<Omit<FunctionVersion, "files" | "code">[]>;
  /** By name. */
  list(tenant: string, page: Page): Promise<FunctionRow[]>;
  /** Has a version there is be the one that is called. False if there is no such version. */
  activate(tenant: string, name: string, version: number): Promise<boolean>;
  /** With all its versions; a later deployment of that name begins at 1. */
  delete(tenant: string, name: string): Promise<boolean>;
}
