import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { buildApp } from "../../server/app.ts";
import type { Services, ServicesOptions } from "../../server/services.ts";
import type { Store, StoreOptions } from "../../server/store/contract/store.ts";
import { openStore } from "../../server/store/open.ts";
import { createTenancy, type Tenancy } from "../../server/tenancy.ts";
import { config, type PartialConfig } from "../../src/config/config.ts";
import { tenantBody } from "../../src/contract/tenants.ts";
import type { ExecuteOptions, Job, Outcome } from "../../src/engines/contract/contract.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import { RecordingEngine } from "../fakes/recording-engine.ts";
import { servicesOver } from "./services.ts";
import { storeDirectory } from "./store.ts";

export type Behaviour = (job: Job, options: ExecuteOptions) => Promise<Partial<Outcome>>;

const JSON_TYPE = { "content-type": "application/json" };
export const ADMIN_KEY = "the operator's key of the tests, which is long".replaceAll(" ", "-");

/** A control plane with a real store, tenants and all routes. The test decides what code does. */
export class ControlPlane {
  readonly store: Store;
  readonly errors: unknown[] = [];
  /** Behaviour of the engine for each job. */
  behave: Behaviour = async () => ({ result: 1 });
  readonly #directory: string | undefined;
  readonly #services: Services[] = [];
  readonly #tenancies: Tenancy[] = [];

  /** Takes a store of the test's own, and closes it at the end. */
  constructor(store: Store, directory?: string) {
    this.store = store;
    this.#directory = directory;
  }

  /**
   * Opens a control plane. Its store is below `parent`, or in a directory that is removed with it.
   */
  static async open(parent?: string, options: StoreOptions = {}): Promise<ControlPlane> {
    const directory = await storeDirectory(parent);
    return new ControlPlane(
      await openStore(directory, options),
      parent ? directory : dirname(directory),
    );
  }

  /** Makes a server over the store. There may be several. */
  serve(options: Partial<ServicesOptions> = {}, partial: PartialConfig = {}) {
    const engine = new RecordingEngine("container", (job, given) => this.behave(job, given));
    const settings = config(partial);
    const kernel = new Kernel({
      config: settings,
      engines: [engine],
      secretValues: (...asked) => tenancy.secrets.values(...asked),
    });
    const onError = (error: unknown): number => this.errors.push(error);
    const tenancy = createTenancy({
      store: this.store,
      adminKey: ADMIN_KEY,
      secretKey: options.secretKey,
      end: (tenant): Promise<void> => services.runs.endAll(tenant),
      onChanged: (tenant) => services.goneTenants.changed(tenant),
    });
    const services = servicesOver(this.store, kernel, {
      config: settings,
      admission: tenancy.quotas,
      callerOf: (tenant) => tenancy.auth.caller(tenant),
      onError,
      ...options,
    });
    this.#services.push(services);
    this.#tenancies.push(tenancy);
    const app = buildApp({ services, tenancy, maxBody: 1_048_576, onError });
    /** Makes a tenant, and a function that sends requests with its key. */
    const tenant = async (id: string, limits: object = {}) => {
      await tenancy.directory.put(id, tenantBody.parse(limits));
      const { key } = await tenancy.keyring.create(id, "");
      const authorization = `Bearer ${key}`;
      const sendBody =
        (method: string) =>
        (path: string, body: unknown, headers = {}, signal?: AbortSignal) => {
          const init = { method, body: JSON.stringify(body), ...(signal && { signal }) };
          const all = { ...JSON_TYPE, authorization, ...headers };
          return app.request(new Request(`http://host${path}`, { ...init, headers: all }));
        };
      const [post, put] = [sendBody("POST"), sendBody("PUT")];
      const send = (path: string, method = "GET") =>
        app.request(path, { method, headers: { authorization } });
      const get = async (path: string) => (await (await send(path)).json()) as Json;
      return { id, authorization, post, put, send, get };
    };
    return { app, engine, kernel, services, tenancy, tenant };
  }

  async close(): Promise<void> {
    for (const { worker, callbacks, executionWriter } of this.#services) {
      await worker.close();
      await callbacks?.close();
      await executionWriter.close(1_000);
    }
    for (const tenancy of this.#tenancies) await tenancy.close().catch(() => {});
    await this.store.close();
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true });
  }
}

// biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what a test is about
export type Json = any;
