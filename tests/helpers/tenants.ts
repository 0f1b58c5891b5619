import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { type AppOptions, buildApp } from "../../server/app.ts";
import { createResourceService } from "../../server/resources/resource-service.ts";
import { createServices } from "../../server/services.ts";
import { openStore } from "../../server/store/open.ts";
import { createTenancy } from "../../server/tenancy.ts";
import { config } from "../../src/config/config.ts";
import type { Engine } from "../../src/engines/contract/contract.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import { RecordingEngine } from "../fakes/recording-engine.ts";
import { storeDirectory } from "./store.ts";

export const ADMIN_KEY = "operator-".repeat(4);
export const SECRET_KEY = new Uint8Array(32).fill(7);

export interface Told {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it.
  readonly body: any;
}

export type Ask = (method: string, path: string, body?: unknown) => Promise<Told>;

/** Makes the HTTP application of an operator with tenants, over its own store. */
export async function tenantsApp() {
  const directory = await storeDirectory();
  const store = await openStore(directory);
  const failures: unknown[] = [];

  /**
   * Makes a server with nothing in memory, as after a start. `running` lists engines that really
   * run code.
   */
  function start(
    keys: {
      adminKey?: string;
      secretKey?: Uint8Array;
      tenantLevels?: readonly ("isolated" | "container")[];
    } = {},
    running?: readonly Engine[],
    options: Partial<AppOptions> = {},
  ) {
    const engine = new RecordingEngine("container");
    const engines = running ?? [engine, new RecordingEngine("isolated")];
    const kernel = new Kernel({
      config: config({ tenants: true }),
      engines,
      secretValues: (...asked) => tenancy.secrets.values(...asked),
    });
    const tenancy = createTenancy({
      ...keys,
      store,
      end: (tenant): Promise<void> => services.runs.endAll(tenant),
      onChanged: (tenant) => services.goneTenants.changed(tenant),
    });
    const onError = (error: unknown): void => void failures.push(error);
    const services = createServices({
      kernel,
      store,
      config: config(),
      nodeId: randomUUID(),
      secretKey: keys.secretKey,
      admission: tenancy.quotas,
      callerOf: (id) => tenancy.auth.caller(id),
      lease: 30_000,
      retention: 30,
      onError,
    });
    const resourceService = createResourceService({
      store,
      kernel,
      runs: services.runs,
      maxTimeout: 300_000,
    });
    const app = buildApp({
      ...{ services, tenancy, resourceService, maxBody: 100_000, onError },
      ...options,
    });
    const as = (key: string | undefined): Ask =>
      async function ask(method, path, body) {
        const headers: Record<string, string> = {};
        if (key !== undefined) headers.authorization = `Bearer ${key}`;
        if (body !== undefined) headers["content-type"] = "application/json";
        const text = body === undefined ? {} : { body: JSON.stringify(body) };
        const response = await app.request(path, { method, headers, ...text });
        const answer = await response.text();
        const parsed: unknown = answer === "" ? undefined : JSON.parse(answer);
        return { status: response.status, headers: response.headers, body: parsed };
      };
    const admin = as(keys.adminKey);
    /** Makes a tenant, and a function that sends requests as that tenant. */
    async function tenant(id: string, settings: object = {}) {
      await admin("PUT", `/admin/tenants/${id}`, settings);
      const { body } = await admin("POST", `/admin/tenants/${id}/keys`, {});
      return { ask: as(body.key), key: body.key as string, keyId: body.id as string };
    }
    return { app, engine, services, tenancy, as, admin, tenant };
  }

  async function close(): Promise<void> {
    await store.close();
    await rm(dirname(directory), { recursive: true, force: true });
  }

  return { store, failures, start, close };
}
