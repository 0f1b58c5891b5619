import { z } from "zod";
import { SANDBOX_LEVELS } from "../../base/sandbox-level.ts";
import type { Engine } from "../../engines/contract/contract.ts";
import { DEFAULT_OUTPUT_LIMITS } from "../../protocol/limits.ts";
import { moduleOf } from "./type-module.ts";

/** Milliseconds that the code of a type has to say what it is, and megabytes. */
const TIMEOUT = 5_000;
const PROFILE = { memory: 256, cpus: 1 };
const MAX_TEXT = 256;

/** The sandbox's word: whatever a type does not say properly, it has not said. */
const schema = z.object({
  name: z.string().min(1).max(MAX_TEXT).optional().catch(undefined),
  aliases: z.array(z.string().min(1).max(MAX_TEXT)).max(100).optional(),
  description: z.string().max(10_000).default(""),
  schema: z.record(z.string(), z.unknown()).optional(),
  sandbox: z.enum(SANDBOX_LEVELS).optional(),
  resolves: z.boolean(),
});

export type Metadata = z.output<typeof schema>;

/** Reads what the code of a type says of itself. */
export type Describe = (code: string) => Promise<Metadata>;

/**
 * Runs the code of an owner's type in a sandbox of that engine, as far as it takes to learn what it is.
 * Rejects with an Error that says why there is nothing to learn.
 */
export async function describeIn(
  engine: Pick<Engine, "execute">,
  code: string,
  owner?: string,
): Promise<Metadata> {
  const job = {
    code: (await moduleOf(code, owner)).text,
    entry: "describe",
    input: undefined,
    tools: [],
    limits: DEFAULT_OUTPUT_LIMITS,
  };
  const { result, fault } = await engine.execute(job, { profile: PROFILE, timeout: TIMEOUT });
  if (fault !== undefined) throw new Error(`${fault.name}: ${fault.message}`);
  const parsed = schema.safeParse(result);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`Its ${issue?.path.join(".") || "description"} is no good: ${issue?.message}`);
}
