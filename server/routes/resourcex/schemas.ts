import { z } from "zod";

/**
 * Query for one resource. The locator is optional, because a missing one has an error of its own.
 */
export const locatorQuery = z.object({
  locator: z.unknown().optional().meta({
    type: "string",
    description: "[domain/path/]name[.type][@version] or [registry/][path/]name[:tag][@digest]",
  }),
});

/** Path of one resource, by its tag. */
export const locatorParams = z.object({
  locator: z.string().meta({ description: "[registry/][path/]name[:tag][@digest], encoded" }),
});

export const locatorAnswer = z.object({ locator: z.string() });

export const typeAnswer = z.object({
  name: z.string(),
  aliases: z.array(z.string()),
  description: z.string(),
  schema: z.looseObject({}).optional(),
  permissions: z.unknown().optional().meta({ description: "What its code may reach" }),
  tools: z.array(z.string()).optional().meta({ description: "Tools that its code uses" }),
  sandbox: z.literal("container"),
});
