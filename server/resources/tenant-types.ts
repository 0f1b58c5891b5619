import { ResourceTypeError } from "../../src/resourcex/base/resourcex-errors.ts";
import { builtinTypes } from "../../src/resourcex/types/builtin-bundles.ts";
import type { BundledType } from "../../src/resourcex/types/type.ts";
import { RegistryProblem } from "../errors/registry-problem.ts";
import type { Page } from "../store/contract/page.ts";
import { MOST_ROWS } from "../store/contract/storage.ts";
import { isOneTooMany, StoreConflict } from "../store/contract/store-errors.ts";
import type { DescribedRow, Types } from "../store/contract/types.ts";
import type { Caller } from "../tenants/auth.ts";
import { TypeChecks } from "./checks/type-checks.ts";

/**
 * Most aliases of a type. Each is a row of 64 characters that does not count as the tenant's
 * storage.
 */
const MAX_ALIASES = 16;

/** Description of a type for its users. */
export type DescribedType = Omit<BundledType, "code">;

export interface TypesPage {
  /** JSON text of each. */
  readonly types: readonly string[];
  /** Name of the last one, if more may follow. */
  readonly next: string | undefined;
}

/** A type that this server can run. */
export interface RunnableType {
  readonly type: BundledType;
  /**
   * Resolves with the checked arguments. Rejects with a `ResourceTypeError` that names the field.
   */
  checkArguments(args: unknown): Promise<unknown>;
}

/** Name or alias → built-in type. */
const BUILTINS = new Map(
  builtinTypes.flatMap((type) =>
    [type.name, ...(type.aliases ?? [])].map((name) => [name, type] as const),
  ),
);

/** The types that a tenant can run here: built-in ones and its own. */
export class TenantTypes {
  readonly #types: Types;
  readonly #checks = new TypeChecks();

  constructor(types: Types) {
    this.#types = types;
  }

  /** Rejects with a `RegistryProblem` if the tenant has no type with that name. */
  async get(tenant: string, name: string): Promise<RunnableType> {
    const type = BUILTINS.get(name) ?? (await this.#types.get(tenant, name))?.type;
    if (type === undefined) {
      throw new RegistryProblem("UNSUPPORTED_TYPE", `Unsupported resource type: ${name}`);
    }
    return { type, checkArguments: (args) => this.#checks.arguments(tenant, type, args) };
  }

  /** Lists a page as JSON texts: built-in types first, then the tenant's by name. */
  async list(tenant: string, { after, limit }: Page): Promise<TypesPage> {
    const last = builtinTypes.findIndex(({ name }) => name === after);
    const isBehind = after !== undefined && last === -1;
    const builtin = isBehind ? [] : builtinTypes.slice(last + 1);
    const first = builtin.slice(0, limit);
    const texts = first.map((type) => JSON.stringify(shown(type)));
    const left = limit - first.length;
    if (left === 0) return { types: texts, next: first.at(-1)?.name };
    const page = { after: isBehind ? after : undefined, limit: left };
    const { types, more } = await this.#types.list(tenant, page);
    const next = more ? (types.at(-1)?.name ?? first.at(-1)?.name) : undefined;
    return { types: [...texts, ...types.map(shownText)], next };
  }

  /** Adds a type for its tenant. Rejects with a `RegistryProblem` if it is refused. */
  async add({ tenant: { id: tenant }, limits }: Caller, type: BundledType): Promise<void> {
    const { length } = type.aliases ?? [];
    if (length > MAX_ALIASES) {
      const message = `Type '${type.name}' has ${length} aliases: more than ${MAX_ALIASES}`;
      throw new RegistryProblem("INVALID_TYPE", message);
    }
    const taken = [type.name, ...(type.aliases ?? [])].find((name) => BUILTINS.has(name));
    if (taken !== undefined) throw exists(taken);
    await this.#checks.type(tenant, type).catch(invalid);
    await this.#types.add(tenant, type, limits.storage).catch((error: unknown) => {
      if (error instanceof StoreConflict) throw exists(type.name);
      throw isOneTooMany(error, "types") ? tooManyTypes() : error;
    });
  }
}

/** Makes the public description of a type. */
export function shown(type: DescribedType): object {
  const { name, aliases = [], description, schema, permissions, tools } = type;
  return {
    name,
    aliases,
    description,
    ...(schema && { schema }),
    ...(permissions !== undefined && { permissions }),
    ...(tools && { tools }),
    sandbox: "container",
  };
}

/**
 * Makes the same description from a stored type's text. The text begins with the name and may lack
 * the aliases.
 */
function shownText({ name, described }: DescribedRow): string {
  const head = `{"name":${JSON.stringify(name)},`;
  const rest = described.slice(head.length);
  return rest.startsWith('"aliases":') ? described : `${head}"aliases":[],${rest}`;
}

function invalid(error: unknown): never {
  if (error instanceof ResourceTypeError) throw new RegistryProblem("INVALID_TYPE", error.message);
  throw error;
}

function tooManyTypes(): RegistryProblem {
  const message = `There are ${MOST_ROWS.types} types, and no room for more`;
  return new RegistryProblem("TYPES_LIMIT", message);
}

function exists(name: string): RegistryProblem {
  return new RegistryProblem("TYPE_EXISTS", `Type '${name}' is already registered`);
}
