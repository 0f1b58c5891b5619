/** Schemas of tenants and their keys in the HTTP API. */
import { z } from "zod";
import { REUSE_MODES } from "../base/reuse-mode.ts";
import { SANDBOX_LEVELS } from "../base/sandbox-level.ts";
import { databaseUrl } from "../config/database.ts";
import { packageRules } from "../config/npm.ts";
import { ceilingFault } from "../permissions/ceiling.ts";
import type { Perms } from "../permissions/perms.ts";
import { MAX_EGRESS_REQUESTS } from "../protocol/egress-limits.ts";
import { FILE_LIMITS } from "../protocol/exchanged-files.ts";
import { MAX_BUNDLE_BYTES, OUTPUT_LIMITS } from "../protocol/limits.ts";
import { absent, object, strictObject } from "../request/object-schema.ts";
import { PERMISSIONS_SCHEMA } from "../request/permission-fields.ts";

const MAX_VARIABLES = 100;
const MAX_VALUE = 32_768;

const ceiling = (z.unknown() as z.ZodType<Perms, Perms>)
  .superRefine((given, context) => {
    if (given === undefined) return;
    const fault = ceilingFault(given);
    if (fault === undefined) return;
    const message = fault.message.replace(`${fault.field}: `, "");
    context.addIssue({ code: "custom", message, path: pathOf(fault.field) });
  })
  .meta({
    ...PERMISSIONS_SCHEMA,
    description: 'Like "permissions" of a request: the most an execution may have',
  });

/** Splits the name of a field into its path: `ceiling.net[1]` is at `["net", 1]` of a ceiling. */
function pathOf(field: string): (string | number)[] {
  const parts = field.match(/[^.[\]]+/g) ?? [];
  return parts.slice(1).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** Levels that tenants may have. No tenant may run code in the host's process. */
const tenantLevel = z.enum(SANDBOX_LEVELS).exclude(["none"]);
export type TenantLevel = z.output<typeof tenantLevel>;

export const levels = z
  .array(tenantLevel)
  .min(1)
  .max(2)
  .meta({ description: "Levels it may use; the first is that of a request that does not say" });

/** Executions at once, and those that may wait, of a tenant whose settings name none. */
export const DEFAULT_CONCURRENCY = 16;
export const DEFAULT_QUEUE = 64;
const concurrency = z.int().min(1).max(10_000);
const queue = z.int().min(0).max(100_000);

/** Settings that are stored and shown as they are. */
const open = {
  ceiling: ceiling.optional(),
  tools: z.array(z.string().min(1).max(100)).max(100).optional(),
  sandbox: levels.optional(),
  reuse: z
    .union([z.boolean(), z.enum(REUSE_MODES)])
    .optional()
    .meta({ description: 'Most that its requests may have; true means "code", false "never"' }),
  /** Most milliseconds of one execution. */
  timeout: z.int().min(1).max(3_600_000).optional().meta({ description: "Milliseconds" }),
  /** Most megabytes of one sandbox. */
  memory: z.int().min(128).max(65_536).optional().meta({ description: "Megabytes" }),
  codeBytes: z.int().min(1).max(16_777_216).optional(),
  /** Most bytes of a bundle of files and packages. */
  bundleBytes: z
    .int()
    .min(1)
    .max(MAX_BUNDLE_BYTES)
    .optional()
    .meta({ description: "Bytes of a function's bundled files and packages" }),
  bodyBytes: z.int().min(1_024).max(33_554_432).optional(),
  logEntries: z.int().min(0).max(OUTPUT_LIMITS.logEntries).optional(),
  egressRequests: z.int().min(1).max(MAX_EGRESS_REQUESTS).optional(),
  fileBytes: z
    .int()
    .min(1)
    .max(FILE_LIMITS.bytes)
    .optional()
    .meta({ description: "Bytes of the files of a request" }),
  artifactBytes: z
    .int()
    .min(1)
    .max(FILE_LIMITS.bytes)
    .optional()
    .meta({ description: "Bytes of the artifacts of an execution" }),
  /** Most executions at once, and most further ones that may wait. */
  concurrency: concurrency.default(DEFAULT_CONCURRENCY),
  queue: queue.default(DEFAULT_QUEUE),
  /** Most sessions at once on one server. */
  sessions: z.int().min(0).max(10_000).optional().meta({ description: "Sessions at once" }),
  rate: strictObject({
    requests: z.int().min(1).max(1_000_000),
    seconds: z.int().min(1).max(86_400),
  }).optional(),
  /** Budget of a day, in UTC; `cpu` in milliseconds. */
  budget: strictObject({
    executions: z.int().min(0).optional(),
    cpu: z.int().min(0).optional().meta({ description: "Milliseconds" }),
  })
    .optional()
    .meta({ description: "For each day, UTC" }),
  /** Most bytes of everything that it stores. */
  storage: z
    .int()
    .min(1_048_576)
    .max(1_099_511_627_776)
    .optional()
    .meta({ description: "Bytes of all that it stores" }),
  /** False if no log entries of its executions are kept. */
  keepLogs: z.boolean().optional(),
  /** Most bytes of log entries that are kept. */
  logStorage: z
    .int()
    .min(1_048_576)
    .max(1_099_511_627_776)
    .optional()
    .meta({ description: "Bytes of the log entries that are kept" }),
  /** Rules for its packages, beside the operator's. */
  packages: strictObject(packageRules)
    .optional()
    .meta({ description: "Rules for its packages, beside the operator's" }),
  /** Days for which executions are kept. */
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

/** Settings that are never shown again. */
const secret = {
  /** Variables, encrypted in the store. Answers contain only their names. */
  env: env.optional().meta({ description: "Variables; left out, they stay as they are" }),
  /** URL of the database. Secret, like `env`. */
  database: databaseUrl
    .max(4_096)
    .nullable()
    .optional()
    .meta({ description: "A postgres:// URL; left out, it stays as it is; null for none" }),
};

/** Settings as they are stated: an absent one stands for its default. */
const stated = {
  ...open,
  concurrency: concurrency.optional().meta({ default: DEFAULT_CONCURRENCY }),
  queue: queue.optional().meta({ default: DEFAULT_QUEUE }),
  ...secret,
};

/** The body of `PUT /admin/tenants/{id}`. */
export const tenantBody = strictObject(stated).meta({ id: "TenantSettings" });

/** Changes of settings as a merge patch of RFC 7396, where null removes a setting. */
export const tenantPatch = z
  .looseObject({
    ...Object.fromEntries(
      Object.entries(stated).map(([name, schema]) => [name, schema.nullable().optional()]),
    ),
    env: z
      .record(z.string(), z.string().nullable())
      .nullable()
      .optional()
      .meta({ description: "Variables to set; null removes one" }),
  })
  .meta({ id: "TenantPatch", description: "Null removes a setting" });

/**
 * Settings that are stored in plain text and shown to an operator. Of secrets, only the names are
 * shown.
 */
export const shownSettings = object({
  ...open,
  /** Names of its variables. */
  env: z.array(z.string()).meta({ description: "Names of its variables" }),
  /** True if it has a database of its own. */
  database: z.boolean().meta({ description: "Whether it has a database" }),
});

/** Schema of a tenant's id, which is part of paths and names: short, without upper case. */
export const tenantId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "Expected up to 63 of a-z, 0-9 and -, not - at first");

export const shownTenant = object({
  ...shownSettings.shape,
  id: z.string(),
  /** Set while everything of it is refused. */
  suspended: absent(
    object({ since: z.iso.datetime(), reason: z.string().nullable() }).meta({
      description: "While everything of it is refused",
    }),
  ),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
}).meta({ id: "Tenant" });

/** A tenant that was replaced. */
export const replacedTenant = object({
  ...shownTenant.shape,
  /** Settings that the request did not state, so that they are back at their defaults. */
  warnings: absent(z.array(z.string())).meta({
    description: "Names of settings that are back at their defaults, for none was stated",
  }),
});

export const suspension = strictObject({
  reason: z
    .string()
    .max(500)
    .refine((text) => !text.includes("\0"), "Contains a NUL character")
    .optional()
    .meta({ description: "For the tenant, which sees it in each refusal" }),
});

/** Kinds of stored things that are counted for a tenant. */
export const STORED_KINDS = [
  "functions",
  "versions",
  "jobs",
  "idempotency",
  "resources",
  "domains",
  "types",
  "packages",
  "secrets",
  "schedules",
  "hosts",
  "executions",
  "logs",
] as const;

const stored = object({ bytes: z.int(), count: z.int() });

/** Use of this day, in UTC; `cpu` in milliseconds. */
const used = object({
  executions: z.int(),
  cpu: z.int().meta({ description: "Milliseconds" }),
  resetsAt: z.iso.datetime(),
  storage: object({
    bytes: z.int(),
    limit: z.int(),
    kinds: z.record(z.enum(STORED_KINDS), stored),
  }).meta({ description: "`bytes` are those of all kinds but `executions` and `logs`" }),
});

/** A tenant as it sees itself. */
export const ownTenant = object({ ...shownSettings.partial().shape, id: z.string(), used });

/** A tenant with what it has used today. */
export const tenantWithUse = object({ ...shownTenant.shape, used });
