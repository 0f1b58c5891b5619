import { z } from "zod";
import { IsolateError, messageOf } from "../../base/errors.ts";
import { SANDBOX_LEVELS } from "../../base/sandbox-level.ts";
import type { Engine } from "../../engines/contract/contract.ts";
import { DEFAULT_OUTPUT_LIMITS } from "../../protocol/limits.ts";
import type { TypeModule } from "./type-module.ts";

/** Milliseconds and megabytes in which a type's code has to return its metadata. */
const TIMEOUT = 5_000;
const PROFILE = { memory: 256, cpus: 1 };
const MAX_TEXT = 256;

/** Parses untrusted metadata. Malformed optional fields are dropped. */
const schema = z.object({
  name: z.string().min(1).max(MAX_TEXT).optional().catch(undefined),
  aliases: z.array(z.string().min(1).max(MAX_TEXT)).max(100).optional(),
  description: z.string().max(10_000).default(""),
  schema: z.record(z.string(), z.unknown()).optional(),
  sandbox: z.enum(SANDBOX_LEVELS).optional(),
  resolves: z.boolean(),
});

export type Metadata = z.output<typeof schema>;

/** The metadata of a type, or the fault in it. */
export type Description = Metadata | { readonly fault: string };

/** Reads the metadata that a type's code has of itself. */
export type Describe = (code: string) => Promise<Description>;

/**
 * Compiles a type, and reads its metadata in a sandbox of the engine. Returns a fault of the type.
 * Rejects with errors of the engine.
 */
export async function describeIn(
  engine: Pick<Engine, "execute">,
  compile: () => Promise<TypeModule>,
): Promise<Description> {
  const compiled = await compile().catch(faultOf);
  if ("fault" in compiled) return compiled;
  const job = {
    code: compiled.text,
    entry: "describe",
    input: undefined,
    tools: [],
    limits: DEFAULT_OUTPUT_LIMITS,
  };
  const { result, fault } = await engine.execute(job, { profile: PROFILE, timeout: TIMEOUT });
  if (fault !== undefined) return { fault: `${fault.name}: ${fault.message}` };
  const parsed = schema.safeParse(result);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return { fault: `Its ${issue?.path.join(".") || "description"} is no good: ${issue?.message}` };
}

function faultOf(error: unknown): { fault: string } {
  if (error instanceof IsolateError) throw error;
  return { fault: messageOf(error) };
}
