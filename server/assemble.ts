import type { Hono } from "hono";
import type { Logger } from "pino";
import { collectDefaultMetrics } from "prom-client";
import { openKernel } from "../src/kernel/open.ts";
import { buildApp } from "./app.ts";
import { isLoopback } from "./http/host-check.ts";
import type { ApiEnv } from "./http/route.ts";
import { requestLog } from "./log/answered.ts";
import { failureLog } from "./log/logger.ts";
import { KernelLevels } from "./resources/kernel-levels.ts";
import { createResourceService } from "./resources/resource-service.ts";
import { Retention } from "./runs/retention.ts";
import { createServices } from "./services.ts";
import type { Settings } from "./settings.ts";
import type { Store } from "./store/contract/store.ts";
import { createTenancy } from "./tenancy.ts";

export interface AssembleOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  /** Is closed with the rest, or if the rest cannot be made. */
  readonly store: Store;
}

/** A control plane that answers requests, on no port yet. */
export interface Assembled {
  readonly app: Hono<ApiEnv>;
  /** Has it say that it is not ready, and serve on. */
  leave(): void;
  /** Lets what runs go on for up to `grace` ms, writes down what is to be written, ends everything. */
  close(grace: number): Promise<void>;
}

/** Makes a control plane of its settings. Rejects with nothing left behind. */
export async function assemble(options: AssembleOptions): Promise<Assembled> {
  const { settings, logger, store } = options;
  const onError = failureLog(logger);
  const log = (line: string): void => logger.info(line);
  const opened: (() => Promise<unknown>)[] = [];
  let leaving = false;
  const closeAll = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    opened.push(() => store.close());
    const { kernel, close } = await openKernel({ ...settings, log });
    opened.push(() => close());
    const { publicUrl, config, secretKey } = settings;
    const { timeout, memory, cpus } = config;
    const tenancy = createTenancy({
      ...settings,
      store,
      end: (tenant): Promise<void> => services.runs.endAll(tenant),
    });
    const services = createServices({
      kernel,
      store,
      config,
      secretKey,
      admission: tenancy.quotas,
      callerOf: (tenant) => tenancy.auth.caller(tenant),
      lease: settings.jobLease,
      onError,
    });
    const resourceService = createResourceService({
      store,
      runs: services.runs,
      levels: new KernelLevels(kernel),
      timeout,
      profile: { memory, cpus },
    });
    const app = buildApp({
      services,
      tenancy,
      resourceService,
      publicUrl,
      maxBody: settings.maxBody,
      pace: settings.pace,
      httpBytes: settings.httpBytes,
      // Whoever listens to the world has a proxy in front that knows its names.
      hosts: isLoopback(settings.host) ? settings.hosts : undefined,
      onError,
      leaving: () => leaving,
      onAnswer: requestLog(logger),
    });
    const { worker, callbacks, audit, metrics, replyModes } = services;
    collectDefaultMetrics({ register: metrics.registry });
    const failed = (error: unknown): void => onError(error, "");
    const retention = new Retention({ store, days: settings.retention, onError: failed });
    worker.start();
    callbacks?.start();
    retention.start();
    return {
      app,
      leave() {
        leaving = true;
      },
      async close(grace) {
        worker.stop();
        await close(grace);
        await Promise.all([
          worker.close(),
          callbacks?.close(),
          retention.close(),
          replyModes.close(),
        ]);
        const lost = await audit.close(AUDIT_MS);
        if (lost > 0)
          logger.error(`The store took no more: ${lost} executions are not written down`);
        await store.close();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Milliseconds the store gets for what is left to write down. */
const AUDIT_MS = 5_000;
