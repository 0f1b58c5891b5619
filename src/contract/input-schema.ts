import { z } from "zod";
import { exactJson } from "../base/exact-json.ts";
import { isDeeperThan } from "../base/json-depth.ts";

/** Most bytes of a schema, and its most levels. */
const MOST_BYTES = 16_384;
const MOST_LEVELS = 32;

/** Parts that every client of MCP checks before it shows any tool. */
const shape = z.looseObject({
  type: z.literal("object"),
  properties: z.record(z.string(), z.looseObject({})).optional(),
  required: z.array(z.string()).optional(),
});

/**
 * JSON Schema of a function's input. It is kept and told, and never compiled here: patterns and
 * references of a stranger's schema can take any time.
 */
export const inputSchema = z
  .record(z.string(), z.unknown())
  .superRefine((schema, context) => {
    const issue = (message: string): void => context.addIssue({ code: "custom", message });
    if (isDeeperThan(schema, MOST_LEVELS)) return issue(`Nested deeper than ${MOST_LEVELS} levels`);
    if (new TextEncoder().encode(exactJson(schema)).length > MOST_BYTES) {
      return issue(`More than ${MOST_BYTES} bytes`);
    }
    const [fault] = shape.safeParse(schema).error?.issues ?? [];
    if (fault !== undefined) issue(`${fault.path.join(".")}: ${fault.message}`);
  })
  .meta({ description: "JSON Schema of the input, an object; makes the function a tool over MCP" });
