import { z } from "zod";
import { type Config, firstIssue } from "../config.ts";
import { PayloadTooLarge } from "../errors.ts";
import type { IsolatePlugin, ValidRequest } from "./plugin.ts";

const MAX_TOOLS = 100;

const text = z
  .string()
  .refine((value) => !value.includes("\0"), { error: "Contains a NUL byte" })
  .refine((value) => value.isWellFormed(), { error: "Contains half a surrogate pair" });

function requestSchema(config: Config) {
  return z.strictObject({
    code: text,
    input: z.unknown().optional(),
    entry: text.max(1_000).default("default"),
    timeout: z.number().min(1).max(config.maxTimeout).default(config.timeout),
    tools: z.array(z.string()).max(MAX_TOOLS).default([]),
    // What is in there is the plan's business, which names its elements.
    permissions: z.unknown().default({}),
    explain: z.boolean().default(false),
    sandbox: z.enum(["none", "isolated", "container"]).default(config.sandbox ?? "container"),
    reuse: z.enum(["never", "code"]).default("never"),
    memory: z.int().min(128).max(config.maxMemory).default(config.memory),
  });
}

/**
 * Takes a request for nothing but what it has been checked to be. Refuses with `BadRequest` or
 * `PayloadTooLarge`, naming the field.
 */
export const GuardPlugin: IsolatePlugin = {
  name: "guard",
  setup(api) {
    const { config } = api;
    const schema = requestSchema(config);
    api.onValidate.tap((request) => {
      const parsed = schema.safeParse(request);
      if (!parsed.success) throw firstIssue(parsed.error);
      const size = Buffer.byteLength(parsed.data.code);
      if (size > config.maxSize) {
        const message = `code: ${size} bytes exceed the limit of ${config.maxSize}`;
        throw new PayloadTooLarge("code", message);
      }
      return parsed.data as ValidRequest;
    });
  },
};
