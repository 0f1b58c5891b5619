import type { Output } from "../../src/types.ts";

/** An execution that has ended: what its caller gets, with status 200. */
export type Answer = { readonly id: string } & Output;

/** An output under its execution's id. */
export function answerOf({ id, output }: { id: string; output: Output }): Answer {
  return { id, ...output };
}
