import { z } from "zod";
import { REUSE_MODES } from "../src/base/reuse-mode.ts";
import { databaseUrl } from "../src/config/database.ts";
import { ADVISORY_RULES, EXECUTE_RULES, registryToken, registryUrl } from "../src/config/npm.ts";
import type { Perms } from "../src/permissions/perms.ts";
import { MAX_BUNDLE_BYTES } from "../src/protocol/limits.ts";
import { LONGEST_SESSION } from "../src/request/session-request.ts";
import { PACE } from "./http/body/pace.ts";
import { KEEP_ALIVE_MS } from "./http/connections/http-limits.ts";
import { LOG_FORMATS, LOG_LEVELS } from "./log/logger.ts";
import {
  absolute,
  adminKey,
  between,
  cell,
  certificates,
  decimal,
  flag,
  headers,
  httpUrl,
  integer,
  json,
  list,
  listOrNone,
  location,
  origins,
  orNone,
  secretKey,
  serverLocation,
  tenantLevels,
  texts,
  wildcardHost,
} from "./setting-parsers.ts";
import { variable } from "./variables.ts";

const text = z.string().min(1);

/**
 * All variables that the server reads: each with its parser, its default and its place in the
 * settings. docs/operate/configuration.md lists them for operators. `config` is the input of
 * `config()`.
 */
export const VARIABLES = {
  host: variable("HOST", text.default("127.0.0.1")),
  /**
   * Host names in lower case that are served besides those of loopback, while it listens there
   * only.
   */
  hosts: variable(
    "ISOLATE_HOSTS",
    list.transform((names) => names.map((name) => name.toLowerCase())),
  ),
  /** Name below which each name is one function's. */
  functionHosts: variable("ISOLATE_FUNCTION_HOSTS", orNone(wildcardHost.optional())),
  /** Origins of pages that may use the API. */
  cors: variable("ISOLATE_CORS", origins),
  /** Key of the operator. Without it, everybody on this machine is the only tenant. */
  adminKey: variable("ISOLATE_ADMIN_KEY", orNone(adminKey.optional())),
  /** Bytes that seal tenants' secrets and from which callbacks' secrets are derived. */
  secretKey: variable("ISOLATE_SECRET_KEY", orNone(secretKey.optional())),
  /** Levels for tenants whose own settings name none. */
  tenantLevels: variable("ISOLATE_TENANT_SANDBOX", tenantLevels),
  /** Public URL of this server, if it is behind a proxy. */
  publicUrl: variable("ISOLATE_PUBLIC_URL", httpUrl.optional()),
  engine: variable("ISOLATE_ENGINE", z.enum(["docker", "none"]).default("docker")),
  containers: {
    host: variable("DOCKER_HOST", z.string().optional()),
    runtime: variable("ISOLATE_RUNTIME", text.optional()),
    egressSocket: variable("ISOLATE_EGRESS_SOCKET", orNone(absolute.optional())),
  },
  runDirectory: variable("ISOLATE_RUN_DIR", absolute.optional()),
  /** Most bytes of a request's body. */
  maxBody: variable("ISOLATE_MAX_BODY", between(1_024, 33_554_432).default(8_388_608)),
  /** Least speed of bodies. */
  pace: {
    idle: variable("ISOLATE_BODY_IDLE", between(100, 600_000).default(PACE.idle)),
    total: variable("ISOLATE_BODY_TIMEOUT", between(100, 3_600_000).default(PACE.total)),
  },
  /** Most connections at once. */
  maxConnections: variable("ISOLATE_MAX_CONNECTIONS", between(16, 1_000_000).default(4_096)),
  /** Milliseconds that a connection is kept without a request. */
  keepAlive: variable("ISOLATE_KEEP_ALIVE", between(1_000, 3_600_000).default(KEEP_ALIVE_MS)),
  /** Most bytes of an HTTP function's response. */
  httpBytes: variable("ISOLATE_HTTP_BYTES", between(1_024, 1_073_741_824).default(16_777_216)),
  /** Milliseconds for running executions at shutdown. */
  drain: variable("ISOLATE_DRAIN", integer.default(10_000)),
  /** Milliseconds before the drain in which it serves on but reports that it is not ready. */
  drainDelay: variable("ISOLATE_DRAIN_DELAY", between(0, 600_000).default(0)),
  /** Milliseconds without a sign of life after which other servers run a server's jobs. */
  jobLease: variable("ISOLATE_JOB_LEASE", between(1_000).default(30_000)),
  /**
   * Milliseconds for which an execution waits for others of its tenant, and then for a sandbox.
   */
  queueTimeout: variable("ISOLATE_QUEUE_TIMEOUT", between(100, 100_000).default(60_000)),
  /** Most milliseconds of a session without an execution, and in all. */
  sessions: {
    idle: variable("ISOLATE_SESSION_IDLE", between(1_000, LONGEST_SESSION).default(600_000)),
    max: variable("ISOLATE_SESSION_MAX", between(1_000, LONGEST_SESSION).default(3_600_000)),
  },
  /** Days for which executions are kept. */
  retention: variable("ISOLATE_RETENTION", between(1, 3_650).default(30)),
  /** Days for which administrative changes are kept. */
  auditDays: variable("ISOLATE_AUDIT_DAYS", between(1, 36_500).default(365)),
  /** Most tenants with a label of their own in metrics. */
  metricsTenants: variable("ISOLATE_METRICS_TENANTS", between(0, 1_000).default(0)),
  /** Log entries of executions that are kept: whether, and most bytes of one and of a tenant. */
  keptLogs: {
    keep: variable("ISOLATE_KEEP_LOGS", flag.default(true)),
    bytes: variable("ISOLATE_LOG_KEEP_BYTES", between(1_024, 1_048_576).default(65_536)),
    storage: variable("ISOLATE_LOG_STORAGE", between(1_048_576).default(67_108_864)),
  },
  /** Most bytes that a tenant without its own limit may store. */
  storage: variable("ISOLATE_STORAGE", between(1_048_576).optional()),
  /** Free bytes of the store's disk below which nothing is stored. Absent: the store's default. */
  reserve: variable("ISOLATE_STORE_RESERVE", integer.optional()),
  /** Location of the store: a `postgres://` URL, which is a secret, or a directory. */
  store: variable("ISOLATE_STORE_URL", location.prefault(".isolate/store")),
  /** URL by which the store's own server is reached, if the other leads to a pooler. A secret. */
  directUrl: variable("ISOLATE_STORE_DIRECT_URL", orNone(serverLocation.optional())),
  /** Two hexadecimal digits of the cell that this server belongs to. */
  cell: variable("ISOLATE_CELL", orNone(cell.optional())),
  log: {
    level: variable("ISOLATE_LOG_LEVEL", z.enum(LOG_LEVELS).optional()),
    format: variable("ISOLATE_LOG_FORMAT", z.enum(LOG_FORMATS).optional()),
  },
  tracing: {
    endpoint: variable("OTEL_EXPORTER_OTLP_ENDPOINT", orNone(httpUrl.optional())),
    service: variable("OTEL_SERVICE_NAME", orNone(z.string().default("isolate"))),
    headers: variable("OTEL_EXPORTER_OTLP_HEADERS", headers.optional()),
    tracesHeaders: variable("OTEL_EXPORTER_OTLP_TRACES_HEADERS", headers.optional()),
  },
  /** Module files of custom tools. */
  tools: variable("ISOLATE_TOOLS", list),
  /** Module files of plugins, or names of packages. */
  plugins: variable("ISOLATE_PLUGINS", list),
  config: {
    port: variable("PORT", between(0, 65_535).optional()),
    strict: variable("STRICT_MODE", flag.optional()),
    audit: variable("ISOLATE_AUDIT", flag.optional()),
    mounts: variable("ISOLATE_MOUNTS", texts.optional()),
    env: variable("ISOLATE_ENV", texts.optional()),
    wildcards: variable("ISOLATE_WILDCARDS", flag.optional()),
    isolatedNet: variable("ISOLATE_ISOLATED_NET", flag.optional()),
    /** Checked by `config()`, which accepts only permissions that it has parsed itself. */
    ceiling: variable("ISOLATE_CEILING", (json as z.ZodType<Perms>).optional()),
    egress: {
      hosts: variable("ISOLATE_EGRESS_HOSTS", texts.optional()),
      private: variable("ISOLATE_EGRESS_PRIVATE", list),
      own: variable("ISOLATE_HOST_ADDRESSES", list),
      ca: variable("ISOLATE_EGRESS_CA", orNone(certificates.optional())),
    },
    egressRequests: variable("ISOLATE_EGRESS_REQUESTS", integer.optional()),
    db: {
      url: variable("DATABASE_URL", orNone(databaseUrl.optional())),
      hosts: variable("ISOLATE_DATABASE_HOSTS", list),
      schemas: variable("ISOLATE_SCHEMAS", text.optional()),
      rows: variable("ISOLATE_DATABASE_ROWS", integer.optional()),
      bytes: variable("ISOLATE_DATABASE_BYTES", integer.optional()),
    },
    npm: {
      registry: variable("ISOLATE_NPM_REGISTRY", orNone(registryUrl.optional())),
      /** A secret. */
      token: variable("ISOLATE_NPM_TOKEN", orNone(registryToken.optional())),
      jsr: variable("ISOLATE_JSR_REGISTRY", orNone(registryUrl.optional())),
      allow: variable("ISOLATE_NPM_ALLOW", listOrNone),
      deny: variable("ISOLATE_NPM_DENY", listOrNone),
      minimumAge: variable("ISOLATE_NPM_MINIMUM_AGE", orNone(integer.optional())),
      advisories: variable("ISOLATE_NPM_ADVISORIES", orNone(z.enum(ADVISORY_RULES).optional())),
      cacheBytes: variable("ISOLATE_NPM_CACHE_BYTES", orNone(between(1_048_576).optional())),
      execute: variable("ISOLATE_EXECUTE_PACKAGES", orNone(z.enum(EXECUTE_RULES).optional())),
    },
    maxSize: variable("ISOLATE_CODE_BYTES", between(1_024, 16_777_216).default(1_048_576)),
    maxFileBytes: variable("ISOLATE_FILE_BYTES", integer.optional()),
    maxArtifactBytes: variable("ISOLATE_ARTIFACT_BYTES", integer.optional()),
    maxArtifacts: variable("ISOLATE_ARTIFACTS", integer.optional()),
    maxBundleSize: variable("ISOLATE_BUNDLE_BYTES", between(1_024, MAX_BUNDLE_BYTES).optional()),
    memory: variable("ISOLATE_MEMORY", integer.optional()),
    cpus: variable("ISOLATE_CPUS", decimal.optional()),
    reuse: variable("ISOLATE_REUSE", z.enum(REUSE_MODES).optional()),
    cluster: {
      min: variable("ISOLATE_POOL_MIN", integer.optional()),
      max: variable("ISOLATE_POOL_MAX", integer.optional()),
      idle: variable("ISOLATE_POOL_IDLE", integer.optional()),
      prepared: variable("ISOLATE_POOL_PREPARED", integer.optional()),
      reuse: {
        total: variable("ISOLATE_REUSE_TOTAL", integer.optional()),
        idle: variable("ISOLATE_REUSE_IDLE", integer.optional()),
      },
    },
  },
};
