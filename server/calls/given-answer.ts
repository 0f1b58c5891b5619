import { z } from "zod";
import { PayloadTooLarge } from "../../src/base/errors.ts";
import { CALL_LIMITS, type CallAnswer } from "../../src/protocol/calls.ts";
import { MAX_FAULT_NAME, MAX_FAULT_TEXT } from "../../src/protocol/limits.ts";
import { object, strictObject } from "../../src/request/object-schema.ts";

/** Answer of a caller to one call. */
export type GivenAnswer = Omit<CallAnswer, "number">;

const error = strictObject({
  name: z.string().max(MAX_FAULT_NAME).default("Error"),
  message: z.string().max(MAX_FAULT_TEXT),
});

/** Fields of an answer, of which it has one. */
export const answerFields = object({
  result: z.unknown().optional().meta({ description: "Value of the call; any JSON" }),
  error: error.optional().meta({ description: "Error that the code gets instead" }),
});

/** Checks that an answer has a result or an error. */
export function refineAnswer(body: object, context: z.core.$RefinementCtx): void {
  if ("result" in body === "error" in body)
    context.addIssue({ code: "custom", path: ["result"], message: "Expected result or error" });
}

/** Answer to a call, as it is sent. */
export const callAnswer = strictObject(answerFields.shape)
  .superRefine(refineAnswer)
  .meta({ id: "CallAnswer" });

/**
 * Writes an answer as text.
 *
 * @throws {PayloadTooLarge} for a result that is too large.
 */
export function givenBy({ result, error }: z.output<typeof answerFields>): GivenAnswer {
  if (error !== undefined) return { failed: true, text: JSON.stringify(error) };
  const text = JSON.stringify(result);
  const most = CALL_LIMITS.answerBytes;
  if (Buffer.byteLength(text) <= most) return { failed: false, text };
  throw new PayloadTooLarge("result", `result: It has more than ${most} bytes as JSON`);
}
