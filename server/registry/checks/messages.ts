import type { BundledType } from "../../../src/resourcex/type.ts";

/** What a check needs to know of a type. */
export type Checked = Omit<BundledType, "code">;

/** What the thread is asked: whether it is a type, or with `args` whether those are good for it. */
export interface Question {
  readonly id: number;
  readonly type: Checked;
  readonly args?: { readonly value: unknown };
}

/** What is wrong, if anything is. */
export interface Verdict {
  readonly id: number;
  readonly fault?: string;
}
