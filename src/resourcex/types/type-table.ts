import { SANDBOX_LEVELS } from "../../base/sandbox-level.ts";
import { ResourceTypeError } from "../base/resourcex-errors.ts";
import { argumentCheck, type CheckArguments } from "./arguments.ts";
import { permissionFault, toolsFault } from "./asked-permissions.ts";
import type { BundledType, SandboxType } from "./type.ts";

const NAME = /^[a-z\d][\w-]{0,63}$/i;
const LEVELS: readonly (SandboxType | undefined)[] = [undefined, ...SANDBOX_LEVELS];

export interface RegisteredType {
  readonly type: BundledType;
  readonly checkArguments: CheckArguments;
}

/** The types of one registry, by all of their names. */
export class TypeTable {
  readonly #types = new Map<string, RegisteredType>();
  readonly #builtins: readonly BundledType[];

  constructor(builtins: readonly BundledType[]) {
    this.#builtins = builtins;
    for (const type of builtins) this.#add(type);
  }

  /**
   * Adds a type under all its names. A built-in type is not added twice.
   *
   * @throws {ResourceTypeError} For a name that is taken or a malformed type. Nothing is added
   * then.
   */
  register(type: BundledType): void {
    const builtin = this.#builtins.find(({ name }) => name === type?.name);
    if (builtin === undefined || builtin.code !== type.code) this.#add(type);
  }

  has(name: string): boolean {
    return this.#types.has(name);
  }

  /** @throws {ResourceTypeError} If no type has that name. */
  get(name: string): RegisteredType {
    const found = this.#types.get(name);
    if (found === undefined) throw new ResourceTypeError(`Unsupported resource type: ${name}`);
    return found;
  }

  #add(given: BundledType): void {
    assertType(given);
    const names = new Set([given.name, ...(given.aliases ?? [])]);
    for (const name of names) {
      if (!this.#types.has(name)) continue;
      throw new ResourceTypeError(`Type '${name}' is already registered`);
    }
    const type = copyOf(given);
    const entry = { type, checkArguments: argumentCheck(type) };
    for (const name of names) this.#types.set(name, entry);
  }
}

/** Copies a type, so that later changes to the original cannot affect the checked one. */
function copyOf(given: BundledType): BundledType {
  const { schema, permissions, tools } = given;
  const copied = JSON.parse(JSON.stringify({ schema, permissions, tools }));
  return Object.freeze({ ...given, ...copied });
}

function assertType(given: BundledType): void {
  const type: Partial<Record<keyof BundledType, unknown>> = Object(given);
  const { name, aliases = [], description, schema, code, sandbox } = type;
  if (!isName(name)) {
    throw new ResourceTypeError(
      "A type's name is a letter or digit, then up to 63 letters, digits, _ and -",
    );
  }
  const refuse = (what: string): never => {
    throw new ResourceTypeError(`Type '${name}' ${what}`);
  };
  if (!Array.isArray(aliases) || !aliases.every(isName)) refuse("has an alias that is no name");
  if (typeof description !== "string") refuse("has no description");
  if (typeof code !== "string" || code === "") refuse("has no code");
  if (schema !== undefined && (typeof schema !== "object" || schema === null)) {
    refuse("has a schema that is not an object");
  }
  const fault = permissionFault(type.permissions) ?? toolsFault(type.tools);
  if (fault !== undefined) throw new ResourceTypeError(`Type '${name}': ${fault}`);
  if (!LEVELS.some((level) => level === sandbox)) refuse("has a sandbox there is not");
}

function isName(name: unknown): name is string {
  return typeof name === "string" && NAME.test(name);
}
