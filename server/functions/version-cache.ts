import { LRUCache } from "lru-cache";
import type { Tenant } from "../../src/request/tenant.ts";
import type { FunctionVersion } from "../store/contract/functions.ts";

/** A version as it is called. */
export type Callable = Omit<FunctionVersion, "files">;

/** A tenant, and not one before it by the same id. */
export type FunctionOwner = Pick<Tenant, "id" | "since">;

/** Milliseconds that another server's change may stay unknown to this one. */
const FRESH = 5_000;
/** Bytes that are kept at hand, and what anything at hand takes beside its texts. */
const MAX_BYTES = 67_108_864;
const ENTRY = 1_024;

type Reading = Promise<Callable | undefined>;

/** Versions of functions that were called within the last seconds, or looked for in vain. */
export class VersionCache {
  readonly #read: (
    tenant: string,
    name: string,
    version?: number,
  ) => Promise<FunctionVersion | undefined>;
  readonly #entries = new LRUCache<string, Reading>({ maxSize: MAX_BYTES, ttl: FRESH });

  constructor(
    read: (tenant: string, name: string, version?: number) => Promise<FunctionVersion | undefined>,
  ) {
    this.#read = read;
  }

  /** Without `version`, the current one. */
  get(tenant: FunctionOwner, name: string, version?: number): Reading {
    const key = `${prefixOf(tenant, name)}${version ?? ""}`;
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const reading = this.#read(tenant.id, name, version).then(callable);
    this.#entries.set(key, reading, { size: ENTRY });
    const isHere = (): boolean => this.#entries.peek(key) === reading;
    reading.then(
      (found) => {
        if (found && isHere()) this.#entries.set(key, reading, { size: sizeOf(found) });
      },
      () => {
        if (isHere()) this.#entries.delete(key);
      },
    );
    return reading;
  }

  /** To be called once the store has the change: what is being read now may be from before. */
  forget(tenant: FunctionOwner, name: string): void {
    const prefix = prefixOf(tenant, name);
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }
}

/** At two bytes a character, as texts have that are not Latin. */
function sizeOf({ code, request }: Callable): number {
  return ENTRY + 2 * (code.length + JSON.stringify(request).length);
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
