import { type ZodType, z } from "zod";
import { problemResponse } from "./problem.ts";

/** Form of all error answers of some routes. */
export interface ErrorShape {
  /** Schema of the body. */
  readonly schema: ZodType;
  respond(thrown: unknown, requestId: string): Response;
}

const problem = z
  .object({
    error: z.object({
      name: z.string(),
      code: z.string().meta({ description: "Stable and machine-readable" }),
      message: z.string(),
      field: z.string().optional().meta({ description: "The offending part of the request" }),
      location: z
        .object({ file: z.string(), line: z.int(), column: z.int(), frame: z.string() })
        .optional()
        .meta({ description: "Place of the fault in the source of a deployment" }),
      requestId: z.string(),
    }),
  })
  .meta({ id: "Problem" });

export const PROBLEMS: ErrorShape = { schema: problem, respond: problemResponse };
