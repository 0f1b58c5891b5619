/** Code around a type in a sandbox: bundled into one module with the type. */
import { SandboxArchive } from "./sandbox-archive.ts";

interface Input {
  readonly locator: string;
  readonly manifest: object;
  readonly args?: unknown;
}

type Entry = (input: Input, archive: Uint8Array) => unknown;

/** Makes the entry that calls the type's `resolve`. */
export function entryOf(type: unknown): Entry {
  return ({ locator, manifest, args }, bytes) => {
    const archive = new SandboxArchive(bytes);
    let files: Record<string, Uint8Array> | undefined;
    const resource = {
      locator,
      manifest,
      archive,
      /** Path → bytes. */
      get files(): Record<string, Uint8Array> {
        files ??= Object.fromEntries(archive.files());
        return files;
      },
    };
    return (type as { resolve(resource: object, args: unknown): unknown }).resolve(resource, args);
  };
}

/** Returns the type's own metadata, for its registration. */
export function describe(type: unknown): object {
  if (typeof type !== "object" || type === null) return { resolves: false };
  const { name, aliases, description, schema, sandbox, resolve } = type as Record<string, unknown>;
  const resolves = typeof resolve === "function";
  return { name, aliases, description, schema, sandbox, resolves };
}
