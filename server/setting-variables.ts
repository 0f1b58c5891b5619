import { z } from "zod";
import { databaseUrl } from "../src/config/database.ts";
import type { Perms } from "../src/permissions/perms.ts";
import { PACE } from "./http/body/pace.ts";
import { LOG_FORMATS, LOG_LEVELS } from "./log/logger.ts";
import {
  absolute,
  adminKey,
  between,
  decimal,
  flag,
  headers,
  httpUrl,
  integer,
  json,
  list,
  location,
  orNone,
  secretKey,
  tenantLevels,
  texts,
} from "./setting-parsers.ts";
import { variable } from "./variables.ts";

const text = z.string().min(1);

/**
 * All variables the server reads: each with its parser, its default, and its place in the settings.
 * docs/operate/configuration.md has the same list for operators. `config` is what `config()` is given.
 */
export const VARIABLES = {
  host: variable("HOST", text.default("127.0.0.1")),
  /** Names it answers to beside loopback's while it listens there alone; lower case. */
  hosts: variable(
    "ISOLATE_HOSTS",
    list.transform((names) => names.map((name) => name.toLowerCase())),
  ),
  /** The operator's key; without one, everybody on this machine is the only tenant. */
  adminKey: variable("ISOLATE_ADMIN_KEY", orNone(adminKey.optional())),
  /** Bytes that tenants' secrets are sealed with, and that the secrets of their callbacks are made of. */
  secretKey: variable("ISOLATE_SECRET_KEY", orNone(secretKey.optional())),
  /** Levels that tenants may use whose own settings name none. */
  tenantLevels: variable("ISOLATE_TENANT_SANDBOX", tenantLevels),
  /** URL this server is known by, if it is behind a proxy. */
  publicUrl: variable("ISOLATE_PUBLIC_URL", httpUrl.optional()),
  engine: variable("ISOLATE_ENGINE", z.enum(["docker", "none"]).default("docker")),
  containers: {
    host: variable("DOCKER_HOST", z.string().optional()),
    runtime: variable("ISOLATE_RUNTIME", text.optional()),
    egressSocket: variable("ISOLATE_EGRESS_SOCKET", orNone(absolute.optional())),
  },
  runDirectory: variable("ISOLATE_RUN_DIR", absolute.optional()),
  /** Bytes of a request body. */
  maxBody: variable("ISOLATE_MAX_BODY", between(1_024, 33_554_432).default(8_388_608)),
  /** How fast bodies have to arrive. */
  pace: {
    idle: variable("ISOLATE_BODY_IDLE", between(100, 600_000).default(PACE.idle)),
    total: variable("ISOLATE_BODY_TIMEOUT", between(100, 3_600_000).default(PACE.total)),
  },
  /** Connections at once. */
  maxConnections: variable("ISOLATE_MAX_CONNECTIONS", between(16, 1_000_000).default(4_096)),
  /** Most bytes of the response of an HTTP function. */
  httpBytes: variable("ISOLATE_HTTP_BYTES", between(1_024, 1_073_741_824).default(16_777_216)),
  /** Milliseconds that running executions get at shutdown. */
  drain: variable("ISOLATE_DRAIN", integer.default(10_000)),
  /** Milliseconds before that in which it serves on, and says already that it will not. */
  drainDelay: variable("ISOLATE_DRAIN_DELAY", between(0, 600_000).default(0)),
  /** Milliseconds after which the jobs of a server that says nothing are run by others. */
  jobLease: variable("ISOLATE_JOB_LEASE", between(1_000).default(30_000)),
  /**
   * Milliseconds that an execution waits for others of its tenant to end. Less than what an Idempotency-Key
   * allows for beside the longest timeout.
   */
  queueTimeout: variable("ISOLATE_QUEUE_TIMEOUT", between(100, 100_000).default(60_000)),
  /** Days that executions are remembered. */
  retention: variable("ISOLATE_RETENTION", between(1, 3_650).default(30)),
  /** Bytes a tenant may store that has no limit of its own. */
  storage: variable("ISOLATE_STORAGE", between(1_048_576).optional()),
  /** Bytes of the store's disk below which nothing is kept; absent for the store's default. */
  reserve: variable("ISOLATE_STORE_RESERVE", integer.optional()),
  /** Where everything is kept: a `postgres://` URL, which is a secret, or a directory. */
  store: variable("ISOLATE_STORE_URL", location.prefault(".isolate/store")),
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
  config: {
    port: variable("PORT", between(0, 65_535).optional()),
    strict: variable("STRICT_MODE", flag.optional()),
    audit: variable("ISOLATE_AUDIT", flag.optional()),
    mounts: variable("ISOLATE_MOUNTS", texts.optional()),
    env: variable("ISOLATE_ENV", texts.optional()),
    wildcards: variable("ISOLATE_WILDCARDS", flag.optional()),
    isolatedNet: variable("ISOLATE_ISOLATED_NET", flag.optional()),
    /** Checked by `config()`, which takes nothing for permissions but what it has looked at. */
    ceiling: variable("ISOLATE_CEILING", (json as z.ZodType<Perms>).optional()),
    egress: {
      hosts: variable("ISOLATE_EGRESS_HOSTS", texts.optional()),
      private: variable("ISOLATE_EGRESS_PRIVATE", list),
      own: variable("ISOLATE_HOST_ADDRESSES", list),
    },
    db: {
      url: variable("DATABASE_URL", orNone(databaseUrl.optional())),
      hosts: variable("ISOLATE_DATABASE_HOSTS", list),
      schemas: variable("ISOLATE_SCHEMAS", text.optional()),
      rows: variable("ISOLATE_DATABASE_ROWS", integer.optional()),
      bytes: variable("ISOLATE_DATABASE_BYTES", integer.optional()),
    },
    memory: variable("ISOLATE_MEMORY", integer.optional()),
    cpus: variable("ISOLATE_CPUS", decimal.optional()),
    cluster: {
      min: variable("ISOLATE_POOL_MIN", integer.optional()),
      max: variable("ISOLATE_POOL_MAX", integer.optional()),
      idle: variable("ISOLATE_POOL_IDLE", integer.optional()),
      reuse: {
        total: variable("ISOLATE_REUSE_TOTAL", integer.optional()),
        idle: variable("ISOLATE_REUSE_IDLE", integer.optional()),
      },
    },
  },
};
