import type { StorageRefusal } from "../contract/store-errors.ts";
import type { StoreParts } from "../drizzle/store-parts.ts";

/** What a thread is started with. */
export interface ThreadData {
  readonly directory: string;
  readonly storage: number;
  readonly reserve: number;
}

/** What the thread is told: to call a method, or with `part` null to close its database. */
export interface ThreadCall {
  readonly id: number;
  readonly part: keyof StoreParts | null;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** Which class an error is of does not get through a message. */
export type Failure =
  | {
      readonly kind: "unavailable" | "conflict" | "reserved" | "mistake";
      readonly message: string;
      /** What callers are not to read of it. */
      readonly reason?: string;
    }
  | { readonly kind: "full"; readonly refusal: StorageRefusal };

/** The outcome of a call; that of opening the database has the id 0. */
export type ThreadAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: Failure };
