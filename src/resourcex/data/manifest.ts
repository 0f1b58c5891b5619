import { ManifestError } from "../base/resourcex-errors.ts";

/** Fields of a manifest. */
export interface ManifestFields {
  readonly domain: string;
  readonly path?: string;
  readonly name: string;
  readonly type: string;
  readonly version: string;
}

/** A manifest: the description that a resource has of itself. */
export interface RXM extends ManifestFields {
  /** Returns `domain/[path/]name.type@version`. */
  toLocator(): string;
  /** Returns the fields alone, without `path` if there is none. */
  toJSON(): ManifestFields;
}

const REQUIRED = ["domain", "name", "type", "version"] as const;

/**
 * Makes a manifest. Drops unknown fields.
 *
 * @throws {ManifestError} For the first of domain, name, type and version that is missing or empty.
 *
 * @example
 * createRXM({ domain: "x.org", name: "hello", type: "text", version: "1.0.0" }).toLocator()
 * // "x.org/hello.text@1.0.0"
 */
export function createRXM(fields: ManifestFields): RXM {
  // Parsed JSON may be any value.
  const given: Partial<Record<keyof ManifestFields, unknown>> = Object(fields);
  for (const field of REQUIRED) {
    const value = given[field];
    if (typeof value !== "string" || value === "") throw new ManifestError(`${field} is required`);
  }
  const { path } = given;
  if (path !== undefined && typeof path !== "string") {
    throw new ManifestError("path is not a string");
  }
  return new Manifest(given as ManifestFields);
}

class Manifest implements RXM {
  readonly domain: string;
  declare readonly path?: string;
  readonly name: string;
  readonly type: string;
  readonly version: string;

  constructor({ domain, path, name, type, version }: ManifestFields) {
    this.domain = domain;
    if (path) this.path = path;
    this.name = name;
    this.type = type;
    this.version = version;
  }

  toLocator(): string {
    const { domain, path, name, type, version } = this;
    return `${domain}/${path === undefined ? "" : `${path}/`}${name}.${type}@${version}`;
  }

  toJSON(): ManifestFields {
    return { ...this };
  }
}
