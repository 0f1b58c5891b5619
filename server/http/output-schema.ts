import { z } from "zod";

/** How an execution ended, for the contract. */
export const output = z
  .object({
    ok: z.boolean(),
    outcome: z.enum(["ok", "exception", "timeout", "memory", "output_limit", "crash"]),
    result: z.unknown().optional(),
    logs: z
      .array(
        z.object({
          level: z.enum(["log", "info", "warn", "error", "exception"]),
          message: z.string(),
          timestamp: z.number(),
          name: z.string().optional(),
          stack: z.string().optional(),
          hint: z.string().optional(),
        }),
      )
      .optional(),
    logsDropped: z.int().optional(),
    warnings: z.array(z.string()).optional(),
    plan: z.looseObject({}).optional(),
    denied: z.array(z.looseObject({ kind: z.string(), value: z.string() })).optional(),
    duration: z.int().meta({ description: "Milliseconds" }),
    usage: z.object({
      wall: z.number(),
      cpu: z.number().nullable(),
      peakMemory: z.int().nullable(),
      bytesOut: z.int(),
      egressBytes: z.int(),
    }),
  })
  .meta({ id: "Output" });
