import type { SandboxLevel } from "../../base/sandbox-level.ts";

/** Isolation of a type's code from the host. */
export type TypeSandbox = SandboxLevel;

/** A resource type whose code is one text without dependencies. */
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

/** A resource in the form that is sent to its type. */
export interface SerializedResource {
  readonly locator: string;
  readonly manifest: object;
  /** Archive as stored: tar.gz. */
  readonly archive: Uint8Array;
}

/** Runs the code of types. */
export interface TypeRunner {
  /** Resolves with the result of `resolve`, or rejects with an `ExecutionError`. */
  run(
    type: BundledType,
    resource: SerializedResource,
    args: unknown,
    options?: { signal?: AbortSignal },
  ): Promise<unknown>;
  /** Ends the sandboxes that it keeps ready. */
  close(): Promise<void>;
}
