import type { SandboxLevel } from "../../base/sandbox-level.ts";
import type { Perms } from "../../permissions/perms.ts";
import type { SerializedRXR } from "../data/serialized.ts";

/** Isolation of a type's code from the host. */
export type SandboxType = SandboxLevel;

/** A resource type whose code is one text without dependencies. */
export interface BundledType {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly schema?: object;
  readonly code: string;
  /** Permissions of its code. Default `"none"`. */
  readonly permissions?: Perms;
  /** Names of the tools that its code uses. Default none. */
  readonly tools?: readonly string[];
  /** Default `none`. */
  readonly sandbox?: SandboxType;
}

/** Runs the code of types. */
export interface TypeRunner {
  /** Resolves with the result of `resolve`, or rejects with an `ExecutionError`. */
  run(
    type: BundledType,
    resource: SerializedRXR,
    args: unknown,
    options?: { signal?: AbortSignal },
  ): Promise<unknown>;
  /** Ends the sandboxes that it keeps ready. */
  close(): Promise<void>;
}
