import { z } from "zod";
import { SANDBOX_LEVELS } from "../../src/base/sandbox-level.ts";
import { databaseUrl } from "../../src/config/database.ts";
import { ceilingFault } from "../../src/permissions/ceiling.ts";
import type { Perms } from "../../src/permissions/perms.ts";

const MAX_VARIABLES = 100;
const MAX_VALUE = 32_768;

const ceiling = z
  .unknown()
  .superRefine((given, context) => {
    if (given === undefined) return;
    const fault = ceilingFault(given);
    if (fault === undefined) return;
    const message = fault.message.replace(`${fault.field}: `, "");
    context.addIssue({ code: "custom", message, path: pathOf(fault.field) });
  })
  .transform((given) => given as Perms | undefined)
  .meta({ description: 'Like "permissions" of a request: the most an execution may have' });

/** `ceiling.net[1]` is at `["net", 1]` of a ceiling. */
function pathOf(field: string): (string | number)[] {
  const parts = field.match(/[^.[\]]+/g) ?? [];
  return parts.slice(1).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** Levels that tenants may have: none has the host's process. */
const tenantLevel = z.enum(SANDBOX_LEVELS).exclude(["none"]);
export type TenantLevel = z.output<typeof tenantLevel>;

/** What a tenant may use whose settings do not say: two layers and no less. */
export const DEFAULT_LEVELS: readonly TenantLevel[] = ["container"];

export const levels = z
  .array(tenantLevel)
  .min(1)
  .max(2)
  .meta({ description: "Levels it may use; the first is that of a request that does not say" });

/** What is kept of a tenant as it is, and may be shown. */
const open = {
  ceiling: ceiling.optional(),
  tools: z.array(z.string().min(1).max(100)).max(100).optional(),
  sandbox: levels.optional(),
  reuse: z.boolean().optional(),
  timeout: z.int().min(1).max(3_600_000).optional().meta({ description: "Milliseconds" }),
  memory: z.int().min(128).max(65_536).optional().meta({ description: "Megabytes" }),
  codeBytes: z.int().min(1).max(16_777_216).optional(),
  bodyBytes: z.int().min(1_024).max(33_554_432).optional(),
  logEntries: z.int().min(0).max(1_000).optional(),
  concurrency: z.int().min(1).max(10_000).default(16),
  queue: z.int().min(0).max(100_000).default(64),
  rate: z
    .strictObject({
      requests: z.int().min(1).max(1_000_000),
      seconds: z.int().min(1).max(86_400),
    })
    .optional(),
  budget: z
    .strictObject({
      executions: z.int().min(0).optional(),
      cpu: z.int().min(0).optional().meta({ description: "Milliseconds" }),
    })
    .optional()
    .meta({ description: "For each day, UTC" }),
  storage: z
    .int()
    .min(1_048_576)
    .max(1_099_511_627_776)
    .optional()
    .meta({ description: "Bytes of all that it stores" }),
  retention: z.int().min(1).max(3_650).optional().meta({ description: "Days" }),
};

const env = z
  .record(
    z.string().regex(/^[A-Za-z_]\w{0,255}$/, "Not the name of a variable"),
    z
      .string()
      .max(MAX_VALUE)
      .refine((value) => !value.includes("\0"), "Contains a NUL byte"),
  )
  .refine((values) => Object.keys(values).length <= MAX_VARIABLES, {
    error: `More than ${MAX_VARIABLES} variables`,
  });

/** What is never shown again. */
const secret = {
  env: env.optional().meta({ description: "Variables; left out, they stay as they are" }),
  database: databaseUrl
    .max(4_096)
    .nullable()
    .optional()
    .meta({ description: "A postgres:// URL; left out, it stays as it is; null for none" }),
};

/** The body of `PUT /admin/tenants/{id}`. */
export const tenantBody = z.strictObject({ ...open, ...secret }).meta({ id: "TenantSettings" });

/** What the store has in the open, and an operator may see again: of secrets, which ones there are. */
export const shownSettings = z.object({
  ...open,
  env: z.array(z.string()).meta({ description: "Names of its variables" }),
  database: z.boolean().meta({ description: "Whether it has a database" }),
});

export type TenantBody = z.output<typeof tenantBody>;
export type ShownSettings = z.output<typeof shownSettings>;

/** What is sealed of a tenant. */
export const secretSettings = z.strictObject({
  env: z.record(z.string(), z.string()),
  database: z.string().nullable(),
});

export type SecretSettings = z.output<typeof secretSettings>;

/** In paths and beside others' in names: short, and the same in upper and lower case. */
export const tenantId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "Expected up to 63 of a-z, 0-9 and -, not - at first");
