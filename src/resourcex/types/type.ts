import type { SandboxLevel } from "../../base/sandbox-level.ts";

/** How far a type's code is kept from the host. */
export type TypeSandbox = SandboxLevel;

/** A resource type whose code is one text that needs nothing beside it. */
export interface BundledType {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly schema?: object;
  readonly code: string;
  /** Default `none`. */
  readonly sandbox?: TypeSandbox;
}

/** A resource on its way to where its type runs. */
export interface SerializedResource {
  readonly locator: string;
  readonly manifest: object;
  /** The archive as stored: tar.gz. */
  readonly archive: Uint8Array;
}

/** Runs the code of types. */
export interface TypeRunner {
  /** Resolves with what `resolve` returned; rejects with the error of its class. */
  run(
    type: BundledType,
    resource: SerializedResource,
    args: unknown,
    options?: { signal?: AbortSignal },
  ): Promise<unknown>;
  /** Ends what it keeps ready. */
  close(): Promise<void>;
}
