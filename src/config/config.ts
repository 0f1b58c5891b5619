import { z } from "zod";
import { BadRequest } from "../base/errors.ts";
import { didYouMean } from "../base/nearest.ts";
import { REUSE_MODES } from "../base/reuse-mode.ts";
import { roundMemory } from "../base/round-memory.ts";
import { SANDBOX_LEVELS } from "../base/sandbox-level.ts";
import { fieldsAt } from "../base/schema-fields.ts";
import { shorten } from "../base/shorten.ts";
import { isNetwork } from "../destinations/host-addresses.ts";
import { ceilingFault } from "../permissions/ceiling.ts";
import type { Perms } from "../permissions/perms.ts";
import { MAX_CA } from "../protocol/egress-admin.ts";
import { DEFAULT_EGRESS_REQUESTS, MAX_EGRESS_REQUESTS } from "../protocol/egress-limits.ts";
import { FILE_LIMITS } from "../protocol/exchanged-files.ts";
import { MAX_BUNDLE_BYTES, OUTPUT_LIMITS } from "../protocol/limits.ts";
import { LOG_ENTRY_LEVELS } from "../request/output.ts";
import { cryptoConfig } from "./crypto.ts";
import { databaseConfig } from "./database.ts";
import { npmConfig } from "./npm.ts";
import { DEFAULT_QUEUE_TIMEOUT } from "./queue-timeout.ts";
import { DEFAULT_REUSE } from "./reuse-limits.ts";
import { strictMode } from "./strict-mode.ts";

const megabytes = z.int().min(128).max(65_536).transform(roundMemory);

const absolutePath = z.string().regex(/^\/[^\0:,]*$/, "Not an absolute path, or with : or ,");

const schema = z.strictObject({
  /** Bytes of code accepted. */
  maxSize: z.int().min(1).max(16_777_216).default(100_000),
  /** Bytes of a module that is bundled of files and packages. */
  maxBundleSize: z.int().min(1).max(MAX_BUNDLE_BYTES).default(8_388_608),
  /** Bytes of all `files` of a request. */
  maxFileBytes: z.int().min(1).max(FILE_LIMITS.bytes).default(FILE_LIMITS.bytes),
  /** Bytes of all artifacts of an execution, and their number. */
  maxArtifactBytes: z.int().min(1).max(FILE_LIMITS.bytes).default(FILE_LIMITS.bytes),
  maxArtifacts: z.int().min(1).max(FILE_LIMITS.artifacts).default(100),
  /** Milliseconds the code has, from its start, if its request does not say. */
  timeout: z.int().min(1).default(3_000),
  /** Most milliseconds a request may ask for. */
  maxTimeout: z.int().min(1).max(3_600_000).default(300_000),
  /** Milliseconds an execution waits for a sandbox if its request does not say less. */
  queueTimeout: z.int().min(0).max(3_600_000).default(DEFAULT_QUEUE_TIMEOUT),
  /** Port of a server with this configuration; the library listens nowhere. */
  port: z.int().min(0).max(65_535).default(8_787),
  /**
   * Level of a request without one: `container` for a server with an engine, `isolated` for others
   * and for the library.
   */
  sandbox: z.enum(SANDBOX_LEVELS).optional(),
  /** Megabytes of a sandbox for a request without a size. */
  memory: megabytes.prefault(256),
  /** Most megabytes a request may ask for. */
  maxMemory: megabytes.prefault(1_024),
  /** Cores of a sandbox. */
  cpus: z.number().min(0.1).max(256).default(1),
  /** Warns of permissions that are wider than they should be. Default: `STRICT_MODE`, or false. */
  strict: z.boolean().default(() => strictMode()),
  /** Writes a line for each execution: its tools, permissions and duration. */
  audit: z.boolean().default(false),
  /** Limits of the kept log, within the fixed ones. */
  logger: z
    .strictObject({
      minLevel: z.enum(LOG_ENTRY_LEVELS).default("log"),
      maxEntries: z.int().min(0).max(OUTPUT_LIMITS.logEntries).default(OUTPUT_LIMITS.logEntries),
    })
    .prefault({}),
  /** Path in the sandbox → path on the host. `permissions.read` may ask for these, read-only. */
  mounts: z.record(absolutePath, absolutePath).default({}),
  /** Variables that `permissions.env` may ask for. */
  env: z.record(z.string().regex(/^[A-Za-z_]\w{0,255}$/, "Not a name"), z.string()).default({}),
  /**
   * Lets executions belong to several tenants. Each tenant then has its own variables and database,
   * or none. The host's `env` and `db.url` are not used.
   */
  tenants: z.boolean().default(false),
  /** Lets `permissions.net` hold `*` and `*.example.com`. */
  wildcards: z.boolean().default(false),
  /**
   * Lets level `isolated` be granted `net`, which only the Worker checks there. Default: false in a
   * server, true in the library.
   */
  isolatedNet: z.boolean().optional(),
  /** Most permissions of any execution. Default: everything the settings above allow. */
  ceiling: z.custom<Perms>().optional(),
  /** Proxy through which containers reach the network. */
  egress: z
    .strictObject({
      /** Name → address, which answers without a resolver. */
      hosts: z.record(z.string(), z.string()).default({}),
      /** Destinations as `host:port` that may have a private or loopback address. */
      private: z.array(z.string()).default([]),
      /** Addresses and networks of the host, in addition to those of its interfaces. */
      own: z.array(z.string().refine(isNetwork, "is no address and no network")).default([]),
      /** Certificates in PEM that bound hosts may be signed by, beside those of the system. */
      ca: z.string().max(MAX_CA).optional(),
    })
    .prefault({}),
  /** Most requests of one execution through that proxy. */
  egressRequests: z.int().min(1).max(MAX_EGRESS_REQUESTS).default(DEFAULT_EGRESS_REQUESTS),
  /** The crypto tool. */
  crypto: cryptoConfig.prefault({}),
  /** The database tool. */
  db: databaseConfig.prefault({}),
  /** Packages from a registry. */
  npm: npmConfig.prefault({}),
  /** Mode of reuse for requests that do not say, as far as their tenant and tools allow it. */
  reuse: z.enum(REUSE_MODES).default("never"),
  /** The pool of prewarmed sandboxes, one for each level. */
  cluster: z
    .strictObject({
      /** Sandboxes kept warm. */
      min: z.int().min(0).max(1_000).default(2),
      /** Sandboxes alive at once. */
      max: z.int().min(1).max(1_000).default(8),
      /** Milliseconds after which a warm sandbox above `min` is ended. */
      idle: z.int().min(100).default(120_000),
      /**
       * Sandboxes prepared for grants of the past ten minutes; never more than `max` less `min`.
       * Zero prepares none.
       */
      prepared: z.int().min(0).max(1_000).default(4),
      /** Sandboxes that have run something, kept for requests with `reuse`. */
      reuse: z
        .strictObject({
          /** Most idle sandboxes of one key. */
          perKey: z.int().min(0).max(1_000).default(DEFAULT_REUSE.perKey),
          /** Most idle sandboxes in total; never more than `max` less `min`. */
          total: z.int().min(0).max(1_000).default(DEFAULT_REUSE.total),
          /** Milliseconds that a sandbox may be idle. */
          idle: z.int().min(100).default(DEFAULT_REUSE.idle),
          /** Most milliseconds since a sandbox's first execution. */
          age: z.int().min(100).default(DEFAULT_REUSE.age),
          /** Most executions of one sandbox. */
          uses: z.int().min(1).default(DEFAULT_REUSE.uses),
        })
        .prefault({}),
    })
    .refine(({ min, max }) => min <= max, { error: "min exceeds max", path: ["min"] })
    .prefault({}),
});

export type Config = z.output<typeof schema>;
export type PartialConfig = z.input<typeof schema>;

/**
 * Fills in the defaults. That of `strict` is the variable `STRICT_MODE`.
 *
 * @throws {BadRequest} that names the field, for an unknown key or a bad value.
 * @example config({ timeout: 5_000, cluster: { min: 4 } }).cluster.max // 8
 */
export function config(partial: PartialConfig = {}): Config {
  const parsed = schema.safeParse(partial);
  if (!parsed.success) throw firstIssue(parsed.error, schema);
  const fault = ceilingFault(parsed.data.ceiling);
  if (fault !== undefined) throw new BadRequest(fault.field, fault.message);
  return parsed.data;
}

/**
 * Returns the first error of a schema as a `BadRequest` that names the field, and for an unknown one
 * the field that may be meant.
 */
export function firstIssue(error: z.ZodError, schema: z.ZodType): BadRequest {
  // A field that is missing may be the unknown one, misspelt.
  const isMissing = error.issues[0]?.message.endsWith("received undefined");
  const unknown = error.issues.find(({ code }) => code === "unrecognized_keys");
  const issue = (isMissing && unknown) || error.issues[0];
  if (issue === undefined) return new BadRequest("", "Invalid value");
  const given = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const unknownKey = given && shorten(given);
  const path = unknownKey === undefined ? issue.path : [...issue.path, unknownKey];
  const field = path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
  const meant = given === undefined ? "" : didYouMean(given, fieldsAt(schema, issue.path));
  const message =
    unknownKey === undefined ? issue.message : `Unknown field "${unknownKey}"${meant}`;
  return new BadRequest(field, field === "" ? message : `${field}: ${message}`);
}
