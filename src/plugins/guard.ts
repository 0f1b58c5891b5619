import { z } from "zod";
import { type Config, firstIssue } from "../config.ts";
import { isDeeperThan } from "../depth.ts";
import type { ExecuteOptions, Job } from "../engines/engine.ts";
import { BadRequest, messageOf, PayloadTooLarge } from "../errors.ts";
import { DEFAULT_OUTPUT_LIMITS, MAX_DEPTH } from "../protocol/limits.ts";
import { resolveTools } from "../tools/registry.ts";
import type { SandboxLevel } from "../types.ts";

/** A request that has been found good, in the terms of an engine. */
export interface Admitted {
  readonly level: SandboxLevel;
  readonly job: Job;
  readonly options: Omit<ExecuteOptions, "signal">;
}

const MEMORY_STEP = 64;
const MAX_TOOLS = 100;

const text = z
  .string()
  .refine((value) => !value.includes("\0"), { error: "Contains a NUL byte" })
  .refine((value) => value.isWellFormed(), { error: "Contains half a surrogate pair" });

/** Nothing can be granted yet: the keys are known, their lists must be empty. */
const noGrant = z.array(z.string()).max(0, { error: "No such permission can be granted" });

const permissions = z.preprocess(
  (value) => (value === "none" ? {} : value),
  z.strictObject({
    env: noGrant.optional(),
    net: noGrant.optional(),
    read: noGrant.optional(),
    write: noGrant.optional(),
    run: noGrant.optional(),
    ffi: noGrant.optional(),
    sys: noGrant.optional(),
    hrtime: z.boolean().optional(),
  }),
);

function requestSchema(config: Config) {
  return z.strictObject({
    code: text,
    input: z.unknown().optional(),
    entry: text.max(1_000).default("default"),
    timeout: z.number().min(1).max(config.maxTimeout).default(config.timeout),
    tools: z.array(z.string()).max(MAX_TOOLS).default([]),
    permissions: permissions.default({}),
    sandbox: z.enum(["isolated", "container"]).default("container"),
    memory: z.int().min(128).max(config.maxMemory).default(config.memory),
  });
}

/**
 * Validates what a caller sent. Throws `BadRequest` or `PayloadTooLarge`, with the field, for
 * anything that is not a request; makes the returned function once, since its schema is compiled.
 */
export function createGuard(config: Config): (request: unknown) => Admitted {
  const schema = requestSchema(config);
  return function guard(request) {
    const parsed = schema.safeParse(request);
    if (!parsed.success) throw firstIssue(parsed.error);
    const { code, entry, input, sandbox, timeout, memory } = parsed.data;
    const tools = resolveTools(parsed.data.tools, config);
    const size = Buffer.byteLength(code);
    if (size > config.maxSize) {
      const message = `code: ${size} bytes exceed the limit of ${config.maxSize}`;
      throw new PayloadTooLarge("code", message);
    }
    const profile = {
      memory: Math.ceil(memory / MEMORY_STEP) * MEMORY_STEP,
      cpus: config.cpus,
    };
    return {
      level: sandbox,
      job: { code, entry, input: toJson(input), tools, limits: DEFAULT_OUTPUT_LIMITS },
      options: { profile, timeout },
    };
  };
}

function toJson(input: unknown): string | undefined {
  if (input === undefined) return undefined;
  if (isDeeperThan(input, MAX_DEPTH)) {
    throw new BadRequest("input", `input: Nested deeper than ${MAX_DEPTH} levels`);
  }
  try {
    return JSON.stringify(input);
  } catch (error) {
    throw new BadRequest("input", `input: Cannot be written as JSON: ${messageOf(error)}`);
  }
}
