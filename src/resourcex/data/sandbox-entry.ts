/** Code around a type in a sandbox: bundled into one module with the type. */
import { LazyArchive } from "../archive/lazy-archive.ts";
import { unpack } from "../archive/unpack.ts";
import { parseRXL } from "./locator.ts";
import { createRXM, type ManifestFields } from "./manifest.ts";
import type { RXR } from "./resource.ts";

interface Input {
  readonly locator: string;
  readonly manifest: ManifestFields;
  readonly args?: unknown;
}

type Entry = (input: Input, archive: Uint8Array) => unknown;

/** The resource as a type gets it: an RXR, and its files without a wait. */
export interface SandboxRXR extends RXR {
  /** Path → bytes. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}

/** Makes the entry that calls the type's `resolve`. */
export function entryOf(type: unknown): Entry {
  return ({ locator, manifest, args }, archive) => {
    const { buffer, byteOffset, byteLength } = archive;
    const resource = resourceOf(locator, manifest, Buffer.from(buffer, byteOffset, byteLength));
    return (type as { resolve(resource: object, args: unknown): unknown }).resolve(resource, args);
  };
}

/** Makes the resource of what has been sent. Its archive is unpacked once, at the first use. */
function resourceOf(locator: string, manifest: ManifestFields, bytes: Buffer): SandboxRXR {
  let unpacked: ReadonlyMap<string, Buffer> | undefined;
  let files: Record<string, Uint8Array> | undefined;
  const unpackOnce = (): ReadonlyMap<string, Buffer> => {
    unpacked ??= unpack(bytes);
    return unpacked;
  };
  return {
    locator: parseRXL(locator),
    manifest: createRXM(manifest),
    archive: new LazyArchive(async () => bytes, unpackOnce),
    get files() {
      files ??= Object.fromEntries(unpackOnce());
      return files;
    },
  };
}

/** Returns the type's own metadata, for its registration. */
export function describe(type: unknown): object {
  if (typeof type !== "object" || type === null) return { resolves: false };
  const given = type as Record<string, unknown>;
  const { name, aliases, description, schema, sandbox } = given;
  const permissions = withFunctions(given.permissions);
  const resolves = typeof given.resolve === "function";
  const tools = withFunctions(given.tools);
  return { name, aliases, description, schema, permissions, tools, sandbox, resolves };
}

/**
 * Copies a value, with a text in place of each function. Otherwise a function would be left out,
 * and the type would seem to ask for less.
 */
function withFunctions(value: unknown): unknown {
  const text = JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "function" ? "a function" : part,
  );
  return text === undefined ? undefined : JSON.parse(text);
}
