import { buildApp } from "../../server/app.ts";
import {
  createResourceService,
  type ResourceService,
} from "../../server/resources/resource-service.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { createTenancy } from "../../server/tenancy.ts";
import { config } from "../../src/config/config.ts";
import { tenantBody } from "../../src/contract/tenants.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import { createRXA } from "../../src/resourcex/archive/archive.ts";
import { EngineLevels, type Levels } from "../../src/resourcex/types/levels.ts";
import type { TypeSandbox } from "../../src/resourcex/types/type.ts";
import { servicesOver } from "./services.ts";

/** Levels that stand in for containers by realms of this process: what is tested here is HTTP. */
export class RealmLevels extends EngineLevels {
  readonly asked = new Set<TypeSandbox>();

  override engine(level: TypeSandbox) {
    this.asked.add(level);
    return super.engine("none");
  }
}

export interface RegistryServerOptions {
  readonly store: Store;
  readonly levels: Levels;
  /** Without one, there is one tenant. */
  readonly adminKey?: string;
  /** Parts of the registry that are others than those there are. */
  readonly broken?: Partial<ResourceService>;
  /** Gets our own failures. */
  readonly failures?: unknown[];
}

/** The HTTP application of a server that is a registry, and nothing else. */
export function registryServer(options: RegistryServerOptions) {
  const { store, levels, adminKey, broken, failures = [] } = options;
  const kernel = new Kernel({ config: config(), engines: [] });
  const tenancy = createTenancy({ store, adminKey });
  const services = servicesOver(store, kernel, { admission: tenancy.quotas });
  const { runs, audit } = services;
  const profile = { memory: 256, cpus: 1 };
  const resourceService = {
    ...createResourceService({ store, runs, levels, timeout: 2_000, profile }),
    ...broken,
  };
  const onError = (error: unknown): void => void failures.push(error);
  return {
    app: buildApp({ services, tenancy, maxBody: 8_388_608, onError, resourceService }),
    audit,
    directory: tenancy.directory,
    /** Makes a tenant, and what its requests have among their headers. */
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

/** What is sent to publish; content that is bytes is an archive. */
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
