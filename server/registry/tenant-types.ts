import { LRUCache } from "lru-cache";
import { builtinTypes } from "../../src/resourcex/builtin-bundles.ts";
import { ResourceTypeError } from "../../src/resourcex/errors.ts";
import type { BundledType } from "../../src/resourcex/type.ts";
import { type RegisteredType, TypeTable } from "../../src/resourcex/type-table.ts";
import { StoreConflict } from "../store/errors.ts";
import type { TypeRow, Types } from "../store/types.ts";
import { RegistryProblem } from "./problem.ts";

/** Of one tenant. */
const MAX_TYPES = 1_000;
/** Characters of code and schema. */
const CACHED = 33_554_432;

/** What a type is, for those who use it. */
export type DescribedType = Omit<BundledType, "code">;

/** The types that run here for a tenant: those that are built in, and those it has brought. */
export class TenantTypes {
  readonly #types: Types;
  readonly #builtins = new TypeTable(builtinTypes);
  /** Making the check of a schema takes longer than asking the store what the type is now. */
  readonly #registered = new LRUCache<string, RegisteredType>({ maxSize: CACHED });

  constructor(types: Types) {
    this.#types = types;
  }

  /** Rejects with a `RegistryProblem` if the tenant has none of that name. */
  async get(tenant: string, name: string): Promise<RegisteredType> {
    if (this.#builtins.has(name)) return this.#builtins.get(name);
    const row = await this.#types.get(tenant, name);
    if (row !== undefined) return this.#register(row);
    throw new RegistryProblem("UNSUPPORTED_TYPE", `Unsupported resource type: ${name}`);
  }

  async list(tenant: string): Promise<DescribedType[]> {
    return [...builtinTypes, ...(await this.#types.list(tenant))];
  }

  /** Has a type run for its tenant from now on. Rejects with a `RegistryProblem` if it cannot. */
  async add(tenant: string, type: BundledType): Promise<void> {
    const taken = [type.name, ...(type.aliases ?? [])].find((name) => this.#builtins.has(name));
    if (taken !== undefined) throw exists(taken);
    checked(type);
    if ((await this.#types.list(tenant)).length >= MAX_TYPES) {
      const message = `There are ${MAX_TYPES} types, and no room for more`;
      throw new RegistryProblem("INVALID_TYPE", message);
    }
    await this.#types.add(tenant, type).catch((error: unknown) => {
      throw error instanceof StoreConflict ? exists(type.name) : error;
    });
  }

  #register({ tenant, type, createdAt }: TypeRow): RegisteredType {
    // A tenant of the same id may have come after another one.
    const key = JSON.stringify([tenant, type.name, createdAt.getTime()]);
    let found = this.#registered.get(key);
    if (found === undefined) {
      found = checked(type);
      this.#registered.set(key, found, { size: JSON.stringify(type).length });
    }
    return found;
  }
}

/** Throws a `RegistryProblem` for what is no type. */
function checked(type: BundledType): RegisteredType {
  const table = new TypeTable([]);
  try {
    table.register(type);
  } catch (error) {
    if (!(error instanceof ResourceTypeError)) throw error;
    throw new RegistryProblem("INVALID_TYPE", error.message);
  }
  return table.get(type.name);
}

function exists(name: string): RegistryProblem {
  return new RegistryProblem("TYPE_EXISTS", `Type '${name}' is already registered`);
}
