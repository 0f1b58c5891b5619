import { z } from "zod";
import { PayloadTooLarge } from "../base/errors.ts";
import { SANDBOX_LEVELS } from "../base/sandbox-level.ts";
import { type Config, firstIssue } from "../config/config.ts";
import type { ValidRequest } from "../request/types.ts";
import type { IsolatePlugin } from "./plugin.ts";
import { assertWithin } from "./tenant-limits.ts";

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
    timeout: z.number().min(1).max(config.maxTimeout).optional(),
    tools: z.array(z.string()).max(MAX_TOOLS).default([]),
    // What is in there is the plan's business, which names its elements.
    permissions: z.unknown().default({}),
    explain: z.boolean().default(false),
    sandbox: z.enum(SANDBOX_LEVELS).optional(),
    reuse: z.enum(["never", "code"]).default("never"),
    memory: z.int().min(128).max(config.maxMemory).optional(),
  });
}

/**
 * Takes a request for nothing but what it has been checked to be. Refuses with `BadRequest`,
 * `PayloadTooLarge` or, for what only its tenant may not have, `TenantLimit`, naming the field.
 */
export const GuardPlugin: IsolatePlugin = {
  name: "guard",
  setup(api) {
    const { config } = api;
    const schema = requestSchema(config);
    api.onValidate.tap((asked, tenant) => {
      const parsed = schema.safeParse(asked);
      if (!parsed.success) throw firstIssue(parsed.error);
      const { code, input, entry, tools, permissions, explain, reuse } = parsed.data;
      const { maxSize = config.maxSize, maxTimeout, maxMemory, sandbox: levels = [] } = tenant;
      const size = Buffer.byteLength(code);
      const limit = Math.min(maxSize, config.maxSize);
      if (size > limit) {
        throw new PayloadTooLarge("code", `code: ${size} bytes exceed the limit of ${limit}`);
      }
      const {
        timeout = Math.min(config.timeout, maxTimeout ?? config.timeout),
        sandbox = levels[0] ?? config.sandbox ?? "container",
        memory = Math.min(config.memory, maxMemory ?? config.memory),
      } = parsed.data;
      const request = {
        code,
        input,
        entry,
        timeout,
        tools,
        permissions: permissions as ValidRequest["permissions"],
        explain,
        sandbox,
        reuse,
        memory,
      };
      assertWithin(request, tenant);
      return request;
    });
  },
};
