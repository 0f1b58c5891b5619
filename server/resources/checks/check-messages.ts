import type { BundledType } from "../../../src/resourcex/types/type.ts";

/** Part of a type that a check needs. */
export type Checked = Omit<BundledType, "code">;

/** Asks for a check: of a type, or with `args`, of arguments for the type. */
export interface Question {
  readonly type: Checked;
  readonly args?: { readonly value: unknown };
}
