import { z } from "zod";
import { messageOf } from "../src/base/errors.ts";
import { type Config, config } from "../src/config/config.ts";
import { databaseUrl } from "../src/config/database.ts";
import type { ContainerHost } from "../src/engines/create.ts";
import { defaultRunDirectory } from "../src/engines/instance/run-directory.ts";
import type { Perms } from "../src/permissions/perms.ts";
import { PACE, type PaceLimits } from "./http/body/pace.ts";
import { isLoopback } from "./http/host-check.ts";
import type { TracingOptions } from "./http/span-export.ts";
import { LOG_FORMATS, LOG_LEVELS, type LogOptions } from "./log/logger.ts";
import { SECRET_FILES, withSecretFiles } from "./secret-files.ts";
import { STORAGE_OF_ONE, STORAGE_OF_TENANTS } from "./store/contract/storage.ts";
import { storeLocation } from "./store/location.ts";
import { DEFAULT_LEVELS, levels, type TenantLevel } from "./tenants/tenant-settings.ts";

const integer = z.string().regex(/^\d+$/, "Expected a whole number").transform(Number);
const decimal = z
  .string()
  .regex(/^\d+(\.\d+)?$/, "Expected a number")
  .transform(Number);

const list = z
  .string()
  .default("")
  .transform((text) => text.split(",").map((part) => part.trim()))
  .transform((parts) => parts.filter((part) => part !== ""));

/** Levels of sandboxes; an empty list is as good as none. */
const tenantLevels = list
  .transform((names) => (names.length > 0 ? names : [...DEFAULT_LEVELS]))
  .pipe(levels);

const flag = z.enum(["true", "false"]).transform((value) => value === "true");

const absolute = z.string().startsWith("/", "Expected an absolute path");

const json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    context.addIssue("Expected JSON");
    return z.NEVER;
  }
});

function store(text: string, context: z.RefinementCtx): string {
  try {
    return storeLocation(text);
  } catch (error) {
    context.addIssue(messageOf(error));
    return z.NEVER;
  }
}

/** A JSON object of texts. */
const texts = json.pipe(z.record(z.string(), z.string()));

/** `name=value` pairs with commas between them, as OpenTelemetry has them. */
const headers = list.transform((pairs, context) => {
  try {
    return Object.fromEntries(pairs.map((pair) => pairOf(pair)));
  } catch {
    context.addIssue("Expected name=value pairs, separated by commas");
    return z.NEVER;
  }
});

function pairOf(pair: string): [name: string, value: string] {
  const middle = pair.indexOf("=");
  if (middle < 1) throw new Error("It has no name");
  const [name, value] = [pair.slice(0, middle), pair.slice(middle + 1)];
  return [name.trim(), decodeURIComponent(value.trim())];
}

/** At least 32 bytes, as hexadecimal digits or base64; what is wrong with it is said without quoting it. */
const secretKey = z.string().transform((text, context) => {
  const isHex = /^([0-9a-f]{2})+$/i.test(text);
  const isBase64 = /^[A-Za-z0-9+/_-]+={0,2}$/.test(text);
  const bytes = Buffer.from(text, isHex ? "hex" : "base64");
  if ((isHex || isBase64) && bytes.length >= 32) return new Uint8Array(bytes);
  context.addIssue("Expected at least 32 bytes, as hexadecimal digits or base64");
  return z.NEVER;
});

/** Short ones could be guessed, and others do not fit into a header. */
const adminKey = z.string().regex(/^[!-~]{32,1024}$/, "Expected 32 to 1024 characters, no spaces");

const schema = z.object({
  PORT: integer.pipe(z.int().max(65_535)).optional(),
  HOST: z.string().min(1).default("127.0.0.1"),
  ISOLATE_HOSTS: list,
  // Compose files say by an empty one that there is none.
  ISOLATE_ADMIN_KEY: z.preprocess((text) => text || undefined, adminKey.optional()),
  ISOLATE_SECRET_KEY: z.preprocess((text) => text || undefined, secretKey.optional()),
  ISOLATE_TENANT_SANDBOX: tenantLevels,
  DOCKER_HOST: z.string().optional(),
  ISOLATE_ENGINE: z.enum(["docker", "none"]).default("docker"),
  ISOLATE_RUNTIME: z.string().min(1).optional(),
  ISOLATE_POOL_MIN: integer.optional(),
  ISOLATE_POOL_MAX: integer.optional(),
  ISOLATE_POOL_IDLE: integer.optional(),
  ISOLATE_REUSE_TOTAL: integer.optional(),
  ISOLATE_REUSE_IDLE: integer.optional(),
  ISOLATE_MEMORY: integer.optional(),
  ISOLATE_CPUS: decimal.optional(),
  ISOLATE_RUN_DIR: absolute.optional(),
  ISOLATE_MAX_BODY: integer.pipe(z.int().min(1_024).max(33_554_432)).default(8_388_608),
  ISOLATE_BODY_IDLE: integer.pipe(z.int().min(100).max(600_000)).default(PACE.idle),
  ISOLATE_BODY_TIMEOUT: integer.pipe(z.int().min(100).max(3_600_000)).default(PACE.total),
  ISOLATE_MAX_CONNECTIONS: integer.pipe(z.int().min(16).max(1_000_000)).default(4_096),
  ISOLATE_HTTP_BYTES: integer.pipe(z.int().min(1_024).max(1_073_741_824)).default(16_777_216),
  ISOLATE_DRAIN: integer.default(10_000),
  ISOLATE_DRAIN_DELAY: integer.pipe(z.int().max(600_000)).default(0),
  ISOLATE_RETENTION: integer.pipe(z.int().min(1).max(3_650)).default(30),
  ISOLATE_STORAGE: integer.pipe(z.int().min(1_048_576)).optional(),
  ISOLATE_STORE_RESERVE: integer.optional(),
  // Less than what an Idempotency-Key allows for beside the longest timeout.
  ISOLATE_QUEUE_TIMEOUT: integer.pipe(z.int().min(100).max(100_000)).default(60_000),
  ISOLATE_JOB_LEASE: integer.pipe(z.int().min(1_000)).default(30_000),
  ISOLATE_AUDIT: flag.optional(),
  ISOLATE_LOG_LEVEL: z.enum(LOG_LEVELS).optional(),
  ISOLATE_LOG_FORMAT: z.enum(LOG_FORMATS).optional(),
  ISOLATE_TOOLS: list,
  ISOLATE_STORE_URL: z.string().min(1).default(".isolate/store").transform(store),
  ISOLATE_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  // Compose files say by an empty one that there is none.
  DATABASE_URL: z.preprocess((url) => url || undefined, databaseUrl.optional()),
  ISOLATE_DATABASE_HOSTS: list,
  ISOLATE_DATABASE_ROWS: integer.optional(),
  ISOLATE_DATABASE_BYTES: integer.optional(),
  ISOLATE_SCHEMAS: z.string().min(1).optional(),
  ISOLATE_MOUNTS: texts.optional(),
  ISOLATE_ENV: texts.optional(),
  ISOLATE_WILDCARDS: flag.optional(),
  ISOLATE_ISOLATED_NET: flag.optional(),
  ISOLATE_CEILING: json.optional(),
  ISOLATE_EGRESS_HOSTS: texts.optional(),
  ISOLATE_EGRESS_PRIVATE: list,
  ISOLATE_HOST_ADDRESSES: list,
  ISOLATE_EGRESS_SOCKET: z.preprocess((path) => path || undefined, absolute.optional()),
  STRICT_MODE: flag.optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.preprocess(
    (url) => url || undefined,
    z.url({ protocol: /^https?$/ }).optional(),
  ),
  OTEL_EXPORTER_OTLP_HEADERS: headers.optional(),
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: headers.optional(),
  OTEL_SERVICE_NAME: z.preprocess((name) => name || undefined, z.string().default("isolate")),
});

/** Names of all variables that the server reads. */
export const SETTING_NAMES: readonly string[] = [...Object.keys(schema.shape), ...SECRET_FILES];

export interface Settings {
  readonly host: string;
  /** Names it answers to beside loopback's while it listens there alone; lower case. */
  readonly hosts: readonly string[];
  /** The operator's key; without one, everybody on this machine is the only tenant. */
  readonly adminKey: string | undefined;
  /** Levels that tenants may use whose own settings name none. */
  readonly tenantLevels: readonly TenantLevel[];
  /** What tenants' secrets are sealed with, and the secrets of their callbacks are made of. */
  readonly secretKey: Uint8Array | undefined;
  /** `null` runs no containers at all. */
  readonly containers: ContainerHost | null;
  readonly runDirectory: string;
  /** Bytes of a request body. */
  readonly maxBody: number;
  /** How fast bodies have to arrive. */
  readonly pace: PaceLimits;
  /** Connections at once. */
  readonly maxConnections: number;
  /** Most bytes of the response of an HTTP function. */
  readonly httpBytes: number;
  /** Milliseconds that running executions get at shutdown. */
  readonly drain: number;
  /** Milliseconds before that in which it serves on, and says already that it will not. */
  readonly drainDelay: number;
  /** Milliseconds after which the jobs of a server that says nothing are run by others. */
  readonly jobLease: number;
  /** Milliseconds that an execution waits for others of its tenant to end. */
  readonly queueTimeout: number;
  /** Days that executions are remembered. */
  readonly retention: number;
  /** Bytes a tenant may store that has no limit of its own. */
  readonly storage: number;
  /** Bytes of the store's disk below which nothing is kept; absent for the store's default. */
  readonly reserve: number | undefined;
  readonly log: LogOptions;
  /** Where spans are sent; absent for nowhere. */
  readonly tracing: TracingOptions | undefined;
  /** Module files of custom tools. */
  readonly tools: readonly string[];
  /** Where everything is kept: a `postgres://` URL, which is a secret, or a directory. */
  readonly store: string;
  /** URL this server is known by, if it is behind a proxy. */
  readonly publicUrl: string | undefined;
  readonly config: Config;
}

/**
 * Reads the environment variables listed in docs/operate/configuration.md. Throws an error that names the
 * variable for a bad value, and for an `ISOLATE_…` name that does not exist.
 */
export function readSettings(given: NodeJS.ProcessEnv): Settings {
  for (const name of Object.keys(given)) {
    if (name.startsWith("ISOLATE_") && !SETTING_NAMES.includes(name)) {
      throw new Error(
        `Unknown setting ${name}; docs/operate/configuration.md lists those there are`,
      );
    }
  }
  return settingsOf(withSecretFiles(given));
}

function settingsOf(env: NodeJS.ProcessEnv): Settings {
  const parsed = schema.safeParse(env);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`Bad setting ${String(issue?.path[0])}: ${issue?.message}`);
  }
  const given = parsed.data;
  if (given.ISOLATE_ADMIN_KEY === undefined && !isLoopback(given.HOST)) {
    throw new Error(
      `Bad setting HOST: other machines could run code by ${given.HOST}; set ISOLATE_ADMIN_KEY first`,
    );
  }
  return {
    host: given.HOST,
    adminKey: given.ISOLATE_ADMIN_KEY,
    secretKey: given.ISOLATE_SECRET_KEY,
    tenantLevels: given.ISOLATE_TENANT_SANDBOX,
    hosts: given.ISOLATE_HOSTS.map((name) => name.toLowerCase()),
    log: {
      level: given.ISOLATE_LOG_LEVEL,
      format: given.ISOLATE_LOG_FORMAT,
      secrets: [env.ISOLATE_ADMIN_KEY, env.ISOLATE_SECRET_KEY].flatMap((text) => text || []),
    },
    tracing:
      given.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
        ? undefined
        : {
            endpoint: given.OTEL_EXPORTER_OTLP_ENDPOINT,
            service: given.OTEL_SERVICE_NAME,
            headers: {
              ...given.OTEL_EXPORTER_OTLP_HEADERS,
              ...given.OTEL_EXPORTER_OTLP_TRACES_HEADERS,
            },
          },
    tools: given.ISOLATE_TOOLS,
    store: given.ISOLATE_STORE_URL,
    publicUrl: given.ISOLATE_PUBLIC_URL,
    containers:
      given.ISOLATE_ENGINE === "none"
        ? null
        : {
            host: given.DOCKER_HOST,
            runtime: given.ISOLATE_RUNTIME,
            egressSocket: given.ISOLATE_EGRESS_SOCKET,
          },
    runDirectory: given.ISOLATE_RUN_DIR ?? defaultRunDirectory(env),
    maxBody: given.ISOLATE_MAX_BODY,
    pace: { idle: given.ISOLATE_BODY_IDLE, total: given.ISOLATE_BODY_TIMEOUT },
    maxConnections: given.ISOLATE_MAX_CONNECTIONS,
    httpBytes: given.ISOLATE_HTTP_BYTES,
    drain: given.ISOLATE_DRAIN,
    drainDelay: given.ISOLATE_DRAIN_DELAY,
    jobLease: given.ISOLATE_JOB_LEASE,
    queueTimeout: given.ISOLATE_QUEUE_TIMEOUT,
    retention: given.ISOLATE_RETENTION,
    storage:
      given.ISOLATE_STORAGE ??
      (given.ISOLATE_ADMIN_KEY === undefined ? STORAGE_OF_ONE : STORAGE_OF_TENANTS),
    reserve: given.ISOLATE_STORE_RESERVE,
    config: config({
      port: given.PORT,
      tenants: given.ISOLATE_ADMIN_KEY !== undefined,
      strict: given.STRICT_MODE,
      audit: given.ISOLATE_AUDIT,
      mounts: given.ISOLATE_MOUNTS,
      env: given.ISOLATE_ENV,
      wildcards: given.ISOLATE_WILDCARDS,
      isolatedNet: given.ISOLATE_ISOLATED_NET,
      // `config()` takes nothing for permissions but what it has looked at.
      ceiling: given.ISOLATE_CEILING as Perms | undefined,
      egress: {
        hosts: given.ISOLATE_EGRESS_HOSTS,
        private: given.ISOLATE_EGRESS_PRIVATE,
        own: given.ISOLATE_HOST_ADDRESSES,
      },
      db: {
        url: given.DATABASE_URL,
        hosts: given.ISOLATE_DATABASE_HOSTS,
        schemas: given.ISOLATE_SCHEMAS,
        rows: given.ISOLATE_DATABASE_ROWS,
        bytes: given.ISOLATE_DATABASE_BYTES,
      },
      memory: given.ISOLATE_MEMORY,
      maxMemory: Math.max(1_024, given.ISOLATE_MEMORY ?? 0),
      cpus: given.ISOLATE_CPUS,
      cluster: {
        min: given.ISOLATE_POOL_MIN,
        max: given.ISOLATE_POOL_MAX,
        idle: given.ISOLATE_POOL_IDLE,
        reuse: { total: given.ISOLATE_REUSE_TOTAL, idle: given.ISOLATE_REUSE_IDLE },
      },
    }),
  };
}
