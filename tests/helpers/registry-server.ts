import { buildApp } from "../../server/app.ts";
import {
  createResourceService,
  type ResourceService,
} from "../../server/resources/resource-service.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { createTenancy } from "../../server/tenancy.ts";
import { config, type PartialConfig } from "../../src/config/config.ts";
import { tenantBody } from "../../src/contract/tenants.ts";
import type { Engine, Launcher } from "../../src/engines/contract/contract.ts";
import { InProcessLauncher } from "../../src/engines/in-process/launcher.ts";
import { PooledEngine } from "../../src/engines/run/pooled-engine.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import type { IsolatePlugin } from "../../src/plugins/plugin.ts";
import { createRXA } from "../../src/resourcex/archive/archive.ts";
import { servicesOver } from "./services.ts";

/**
 * Makes an engine that runs code in realms of this process instead of containers, because these
 * tests are about HTTP.
 */
export async function realmContainers(): Promise<Engine> {
  const launcher = Object.assign(await InProcessLauncher.create(), { level: "container" });
  return new PooledEngine(launcher as unknown as Launcher, {
    ...config().cluster,
    min: 0,
    max: 100,
    profile: { memory: 256, cpus: 1 },
    startConcurrency: 3,
    maxWaiting: 256,
    healthInterval: 30_000,
    onError: () => {},
  });
}

export interface RegistryServerOptions {
  readonly store: Store;
  /** Engine of the types. */
  readonly engine: Engine;
  /** Settings of the host. Default: those of `config()`. */
  readonly settings?: PartialConfig;
  readonly plugins?: readonly IsolatePlugin[];
  /** Key of the operator. Without it, there is one tenant. */
  readonly adminKey?: string;
  /** Parts of the registry that a test replaces. */
  readonly broken?: Partial<ResourceService>;
  /** Receives the server's own failures. */
  readonly failures?: unknown[];
}

/** Makes the HTTP application of a server that is only a registry. */
export function registryServer(options: RegistryServerOptions) {
  const { store, engine, adminKey, broken, settings, plugins = [], failures = [] } = options;
  const kernel = new Kernel({ config: config(settings), engines: [engine], plugins });
  const tenancy = createTenancy({ store, adminKey });
  const services = servicesOver(store, kernel, { admission: tenancy.quotas });
  const { runs, executionWriter } = services;
  const resourceService = {
    ...createResourceService({ store, kernel, runs, maxTimeout: 2_000 }),
    ...broken,
  };
  const onError = (error: unknown): void => void failures.push(error);
  return {
    app: buildApp({ services, tenancy, maxBody: 8_388_608, onError, resourceService }),
    executionWriter,
    kernel,
    directory: tenancy.directory,
    /** Makes a tenant. Returns the headers of its requests. */
    async tenant(id: string, limits: object = {}): Promise<Record<string, string>> {
      await tenancy.directory.put(id, tenantBody.parse(limits));
      return { authorization: `Bearer ${(await tenancy.keyring.create(id, "")).key}` };
    },
  };
}

export const MANIFEST = {
  domain: "x.org",
  path: "team",
  name: "hello",
  type: "text",
  version: "1.0.0",
};

/** Makes the form for a publication. Bytes as content are an archive. */
export async function form(
  manifest?: unknown,
  content: string | Uint8Array = "Hello",
): Promise<FormData> {
  const parts = new FormData();
  if (manifest !== undefined) {
    parts.set("manifest", typeof manifest === "string" ? manifest : JSON.stringify(manifest));
  }
  const archive =
    typeof content === "string" ? await (await createRXA({ content })).buffer() : content;
  parts.set("archive", new Blob([new Uint8Array(archive)]), "archive.tar.gz");
  return parts;
}

/** Makes the form for a publication with a tag, as the public client of ResourceX 2.17 does. */
export async function taggedForm(
  locator: string,
  manifest: object,
  content = "Hello",
): Promise<FormData> {
  const parts = new FormData();
  parts.append("locator", locator);
  const json = new Blob([JSON.stringify(manifest)], { type: "application/json" });
  parts.append("manifest", json, "manifest.json");
  const archive = await (await createRXA({ content })).buffer();
  parts.append("content", new Blob([new Uint8Array(archive)]), "archive.tar.gz");
  return parts;
}
