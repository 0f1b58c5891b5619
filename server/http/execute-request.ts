import { z } from "zod";
import { SANDBOX_LEVELS } from "../../src/base/sandbox-level.ts";

/**
 * The body of `POST /execute`, for the contract and against the worst. Its defaults, and limits that
 * depend on the host and the tenant, are the kernel's guard's business, which looks at all of it again.
 */
export const executeRequest = z
  .strictObject({
    code: z.string().meta({ description: "An ES module in JavaScript or TypeScript" }),
    input: z.unknown().optional().meta({ description: "The entry's only argument; any JSON" }),
    entry: z.string().max(1_000).optional().meta({ description: 'Export to call; "default"' }),
    timeout: z.number().min(1).optional().meta({ description: "Milliseconds, queueing included" }),
    tools: z.array(z.string()).max(100).optional().meta({ description: "Names of tools" }),
    permissions: z
      .unknown()
      .optional()
      .meta({ description: '"none", or an object of what the code may reach' }),
    explain: z.boolean().optional().meta({ description: "Whether the answer holds the plan" }),
    sandbox: z.enum(SANDBOX_LEVELS).optional(),
    reuse: z.enum(["never", "code"]).optional(),
    memory: z.int().min(128).optional().meta({ description: "Megabytes" }),
  })
  .meta({ id: "ExecuteRequest" });
