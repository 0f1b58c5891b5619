import type { StorageRefusal } from "../contract/store-errors.ts";
import type { StoreParts } from "../drizzle/store-parts.ts";

/** Data at the start of a thread. */
export interface ThreadData {
  readonly directory: string;
  readonly storage: number;
  readonly reserve: number;
}

/** Message to the thread: a method call. `part` null closes the database. */
export interface ThreadCall {
  readonly id: number;
  readonly part: keyof StoreParts | null;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** Failure of a call. Messages do not preserve an error's class. */
export type Failure =
  | {
      readonly kind: "unavailable" | "conflict" | "reserved" | "mistake";
      readonly message: string;
      /** Part of the error that callers must not see. */
      readonly reason?: string;
    }
  | { readonly kind: "full"; readonly refusal: StorageRefusal };

/** Result of a call. The id 0 stands for opening the database. */
export type ThreadAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: Failure };
