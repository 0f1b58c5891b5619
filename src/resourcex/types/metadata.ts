import { z } from "zod";
import { IsolateError, messageOf } from "../../base/errors.ts";
import { SANDBOX_LEVELS } from "../../base/sandbox-level.ts";
import type { Perms } from "../../permissions/perms.ts";
import type { Output } from "../../request/types.ts";
import { permissionFault, toolsFault } from "./asked-permissions.ts";
import type { TypeModule } from "./type-module.ts";

const MAX_TEXT = 256;

const permissions = z.unknown().transform((given, context) => {
  const fault = permissionFault(given);
  if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
  return given as Perms | undefined;
});

const tools = z.unknown().transform((given, context) => {
  const fault = toolsFault(given);
  if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
  return given as readonly string[] | undefined;
});

/** Parses untrusted metadata. Malformed optional fields are dropped. */
const schema = z.object({
  name: z.string().min(1).max(MAX_TEXT).optional().catch(undefined),
  aliases: z.array(z.string().min(1).max(MAX_TEXT)).max(100).optional(),
  description: z.string().max(10_000).default(""),
  schema: z.record(z.string(), z.unknown()).optional(),
  permissions: permissions.optional(),
  tools: tools.optional(),
  sandbox: z.enum(SANDBOX_LEVELS).optional(),
  resolves: z.boolean(),
});

export type Metadata = z.output<typeof schema>;

/** The metadata of a type, or the fault in it. */
export type Description = Metadata | { readonly fault: string };

/** Reads the metadata that a type's code has of itself. */
export type Describe = (code: string) => Promise<Description>;

/** Runs the `describe()` of a composed type in a sandbox without any permission. */
export type RunDescribe = (code: string) => Promise<Output>;

/**
 * Compiles a type, and reads its metadata in a sandbox. Returns a fault of the type. Rejects as
 * `run` does.
 */
export async function describeIn(
  run: RunDescribe,
  compile: () => Promise<TypeModule>,
): Promise<Description> {
  const compiled = await compile().catch(faultOf);
  if ("fault" in compiled) return compiled;
  const { ok, result, logs = [] } = await run(compiled.text);
  if (!ok) {
    const exception = logs.findLast(({ level }) => level === "exception");
    return { fault: `${exception?.name ?? "Error"}: ${exception?.message ?? "It failed"}` };
  }
  const parsed = schema.safeParse(result);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  // Names the element of these by itself.
  if (issue?.code === "custom") return { fault: issue.message };
  return { fault: `Its ${issue?.path.join(".") || "description"} is no good: ${issue?.message}` };
}

function faultOf(error: unknown): { fault: string } {
  if (error instanceof IsolateError) throw error;
  return { fault: messageOf(error) };
}
