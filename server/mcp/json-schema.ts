import { type ZodType, z } from "zod";
import type { ToolDefinition } from "./tool.ts";

/** Writes the schema of a tool's arguments as JSON Schema. */
export function jsonSchemaOf(schema: ZodType): ToolDefinition["inputSchema"] {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
  });
  return rest;
}
