import type { BundledType } from "../../../src/resourcex/types/type.ts";

/** What a check needs to know of a type. */
export type Checked = Omit<BundledType, "code">;

/** Asks whether it is a type, or with `args` whether those are good for it. */
export interface Question {
  readonly type: Checked;
  readonly args?: { readonly value: unknown };
}
