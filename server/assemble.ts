import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Hono } from "hono";
import type { Logger } from "pino";
import { collectDefaultMetrics } from "prom-client";
import type { OperatorLog } from "../src/base/operator-log.ts";
import { ChannelRouter } from "../src/channels/channels.ts";
import { diallingRules } from "../src/kernel/dialling-rules.ts";
import { openKernel } from "../src/kernel/open.ts";
import type { SecretValues } from "../src/request/secret-values.ts";
import { buildApp } from "./app.ts";
import { callbackCheck } from "./callbacks/callback-check.ts";
import { isLoopback } from "./http/host-check.ts";
import type { ApiEnv } from "./http/route.ts";
import { requestLog } from "./log/answered.ts";
import { failureLog } from "./log/logger.ts";
import { PreparedSets } from "./packages/package-sets.ts";
import type { LoadedPlugins } from "./plugins/load-plugins.ts";
import { createResourceService } from "./resources/resource-service.ts";
import { createServices, type Services } from "./services.ts";
import type { Settings } from "./settings.ts";
import type { Store } from "./store/contract/store.ts";
import { createTenancy, type Tenancy } from "./tenancy.ts";

export interface AssembleOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  /** Store, opened at the same time. It is closed with the rest, and if assembling fails. */
  readonly store: Promise<Store>;
}

/** A control plane without a port yet. */
export interface Assembled {
  readonly app: Hono<ApiEnv>;
  /** Makes it report that it is not ready and claim no more jobs, while it serves on. */
  leave(): void;
  /**
   * Closes everything. Running executions get up to `grace` ms, and outstanding records are
   * written.
   */
  close(grace: number): Promise<void>;
}

/** Loads plugins, if there are any. Their loader takes a while to load itself. */
async function plug(sources: readonly string[]): Promise<LoadedPlugins | undefined> {
  if (sources.length === 0) return undefined;
  return (await import("./plugins/load-plugins.ts")).loadPlugins(sources);
}

/** Makes a control plane from its settings. If that fails, everything made so far is closed. */
export async function assemble(options: AssembleOptions): Promise<Assembled> {
  const { settings, logger } = options;
  const { config, containers, runDirectory, tools } = settings;
  const log: OperatorLog = (line, level = "info") => logger[level](line);
  const plugging = plug(settings.plugins);
  // Sandboxes start while the store is opened.
  const packageSets = new PreparedSets(options.store);
  const channels = new ChannelRouter();
  const made: { services?: Services; tenancy?: Tenancy } = {};
  const secrets = settings.secretKey !== undefined;
  const rules = diallingRules(config);
  const checkEndpoint = callbackCheck(settings.secretKey, rules, "functionsEndpoint");
  const secretValues: SecretValues = async (...asked) =>
    made.tenancy?.secrets.values(...asked) ?? new Map();
  const offered = { tools, packageSets, channels, secretValues, secrets, checkEndpoint };
  const opening = plugging.then((plugged) => {
    if (plugged) logger.info(`Plugins: ${plugged.shown}`);
    const plugins = plugged?.plugins ?? [];
    return openKernel({ config, containers, runDirectory, log, plugins, ...offered });
  });
  /** Closes everything made so far, in this order: intake of jobs, kernel, services, leases, store. */
  const close = async (grace: number): Promise<void> => {
    made.services?.scheduler.stop();
    made.services?.worker.stop();
    made.services?.sessions.drain();
    const [opened, store] = await Promise.allSettled([opening, options.store]);
    if (opened.status === "fulfilled") await opened.value.close(grace);
    const lost = (await made.services?.close()) ?? 0;
    if (lost > 0) logger.error(`The store took no more: ${lost} executions are not written down`);
    // Leases that the store does not take back are over by themselves.
    await made.tenancy?.close().catch(() => {});
    if (store.status === "fulfilled") await store.value.close();
  };
  try {
    const [store, { kernel }] = await Promise.all([options.store, opening]);
    await (await plugging)?.ready();
    const { adminKey, secretKey, tenantLevels, queueTimeout } = settings;
    const onError = failureLog(logger);
    const nodeId = randomUUID();
    const tenancy = createTenancy({
      store,
      nodeId,
      adminKey,
      secretKey,
      tenantLevels,
      cell: settings.cell,
      queueTimeout,
      end: (tenant): Promise<void> => services.runs.endAll(tenant),
      onChanged: (tenant) => services.goneTenants.changed(tenant),
    });
    made.tenancy = tenancy;
    const services = createServices({
      kernel,
      store,
      config,
      nodeId,
      address: `${hostname()}:${config.port}`,
      channels,
      packageSets,
      secretKey,
      admission: tenancy.quotas,
      callerOf: (tenant) => tenancy.auth.caller(tenant),
      lease: settings.jobLease,
      sessions: settings.sessions,
      retention: settings.retention,
      auditDays: settings.auditDays,
      metricsTenants: settings.metricsTenants,
      logs: settings.keptLogs,
      onError,
    });
    made.services = services;
    collectDefaultMetrics({ register: services.metrics.registry });
    const resourceService = createResourceService({
      store,
      kernel,
      runs: services.runs,
      maxTimeout: config.maxTimeout,
    });
    let leaving = false;
    const app = buildApp({
      services,
      tenancy,
      resourceService,
      publicUrl: settings.publicUrl,
      maxBody: settings.maxBody,
      pace: settings.pace,
      httpBytes: settings.httpBytes,
      // A server that listens beyond loopback has a proxy in front, which knows its names.
      hosts: isLoopback(settings.host) ? settings.hosts : undefined,
      functionHosts: { own: settings.hosts, suffix: settings.functionHosts },
      cors: settings.cors,
      onError,
      leaving: () => leaving,
      onAnswer: requestLog(logger),
    });
    services.start();
    const leave = (): void => {
      leaving = true;
      services.nodes.drain();
      services.sessions.drain();
      services.scheduler.stop();
      services.worker.stop();
    };
    return { app, leave, close };
  } catch (error) {
    await close(0);
    throw error;
  }
}
