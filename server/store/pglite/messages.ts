import type { StoreParts } from "../drizzle/parts.ts";

/** What the thread is told: to call a method, or with `part` null to close its database. */
export interface Call {
  readonly id: number;
  readonly part: keyof StoreParts | null;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** Which class an error is of does not get through a message. */
export interface Failure {
  readonly kind: "unavailable" | "conflict" | "mistake";
  readonly message: string;
  /** What callers are not to read of it. */
  readonly reason?: string;
}

/** The outcome of a call; that of opening the database has the id 0. */
export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: Failure };
