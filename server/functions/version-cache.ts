import { BriefCache } from "../../src/base/brief-cache.ts";
import type { Tenant } from "../../src/request/tenant.ts";
import type { Functions, FunctionVersion } from "../store/contract/functions.ts";

/** A version as it is called. */
export type Callable = Omit<FunctionVersion, "files">;

/** A tenant, and not one before it by the same id. */
export type FunctionOwner = Pick<Tenant, "id" | "since">;

/** Bytes that are kept at hand, and what anything at hand takes beside its texts. */
const MAX_BYTES = 67_108_864;
const ENTRY = 1_024;

/** Versions of functions that were called within the last seconds, or looked for in vain. */
export class VersionCache {
  readonly #read: Functions["version"];
  readonly #versions = new BriefCache<Callable | undefined>({ maxSize: MAX_BYTES, sizeOf });

  constructor(read: Functions["version"]) {
    this.#read = read;
  }

  /** Without `version`, the current one. */
  get(tenant: FunctionOwner, name: string, version?: number): Promise<Callable | undefined> {
    const read = async () => callable(await this.#read(tenant.id, name, version));
    return this.#versions.get(`${prefixOf(tenant, name)}${version ?? ""}`, read);
  }

  /** To be called once the store has the change: what is being read now may be from before. */
  forget(tenant: FunctionOwner, name: string): void {
    this.#versions.forgetBelow(prefixOf(tenant, name));
  }
}

/** At two bytes a character, as texts have that are not Latin. */
function sizeOf(version?: Callable): number {
  if (version === undefined) return ENTRY;
  return ENTRY + 2 * (version.code.length + JSON.stringify(version.request).length);
}

/** No part can hold a slash. */
function prefixOf({ id, since }: FunctionOwner, name: string): string {
  return `${id}/${since ?? ""}/${name}/`;
}

function callable(found: FunctionVersion | undefined): Callable | undefined {
  if (found === undefined) return undefined;
  const { files: _files, ...rest } = found;
  return rest;
}
