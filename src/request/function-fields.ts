import { z } from "zod";
import { CALL_LIMITS, FUNCTION_NAME } from "../protocol/calls.ts";
import { strictObject } from "./object-schema.ts";

/** Declaration of one function. Nothing but the model and `dts` reads it. */
const declaration = strictObject({
  /** Text for the reader of `dts`. */
  description: z.string().optional().meta({ description: "What it does" }),
  /** JSON Schema of its argument. Arguments are not checked by it. */
  schema: z
    .union([z.boolean(), z.record(z.string(), z.unknown())])
    .optional()
    .meta({ description: "JSON Schema of its argument, for `dts`" }),
});

/** Functions of the caller that code may call, by name. */
export const functions = z
  .record(
    z.string().regex(FUNCTION_NAME, "Expected an identifier of at most 64 characters"),
    declaration,
  )
  .superRefine((declared, context) => {
    const count = Object.keys(declared).length;
    const most = CALL_LIMITS.declarationBytes;
    const refuse = (message: string): void => context.addIssue({ code: "custom", message });
    if (count > CALL_LIMITS.functions) refuse(`Expected at most ${CALL_LIMITS.functions}`);
    else if (new TextEncoder().encode(JSON.stringify(declared)).length > most)
      refuse(`Expected at most ${most} bytes as JSON`);
  })
  .meta({
    description:
      "Functions of the caller, as `tools` in the code: as events, over MCP, or at `functionsEndpoint`",
  });

/** URL at which a server calls them. */
export const functionsEndpoint = z
  .string()
  .max(2_048)
  .meta({ description: "URL that gets each call of `functions`, signed; `https:`" });
