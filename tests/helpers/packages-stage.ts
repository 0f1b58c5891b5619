import { fileURLToPath } from "node:url";
import { TestRegistry } from "../../dev/npm-registry/server.ts";
import { createClient } from "../../src/client/client.ts";
import { REUSING, TestServer } from "./server.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ADMIN_KEY = "operator-".repeat(4);

/** Text of a module that says which version it is. */
const says = (name: string, version: string) => `export default "${name} ${version}";`;

/** Packages of the test's registry, beside installed ones. */
const PUBLISHED = [
  ...["1.0.0", "1.1.0"].map((version) => ({
    name: "leaf",
    version,
    files: { "index.js": says("leaf", version) },
    manifest: { type: "module", exports: "./index.js", license: "MIT" },
  })),
  {
    name: "tree",
    files: { "index.js": 'import leaf from "leaf"; export const grow = (n) => n + " of " + leaf;' },
    manifest: {
      type: "module",
      exports: "./index.js",
      license: "ISC",
      dependencies: { leaf: "^1.0.0" },
    },
  },
  {
    name: "throws",
    files: { "index.js": "\nexports.fail = () => { throw new Error('out of order') };" },
  },
  {
    name: "@evil/thing",
    files: { "index.js": "exports.a = 1" },
  },
];

export type Client = ReturnType<typeof createClient>;

/** A server with tenants and packages, and its registry. */
export class PackagesStage {
  readonly registry: TestRegistry;
  readonly server: TestServer;
  readonly operator: Client;

  private constructor(registry: TestRegistry, server: TestServer) {
    this.registry = registry;
    this.server = server;
    this.operator = createClient({ url: server.url, key: ADMIN_KEY });
  }

  static async start(env: Record<string, string> = {}): Promise<PackagesStage> {
    const token = "token-of-the-registry";
    const registry = await TestRegistry.start(PUBLISHED, { token });
    registry.publishInstalled(ROOT, ["zod", "hono", "semver", "preact"]);
    const server = await TestServer.start({
      ...REUSING,
      ISOLATE_ADMIN_KEY: ADMIN_KEY,
      ISOLATE_TENANT_SANDBOX: "container,isolated",
      ISOLATE_CODE_BYTES: "4000000",
      ISOLATE_AUDIT: "true",
      ISOLATE_NPM_REGISTRY: registry.url,
      ISOLATE_NPM_TOKEN: token,
      ISOLATE_NPM_DENY: "@evil/*",
      ...env,
    });
    return new PackagesStage(registry, server);
  }

  /** Makes a tenant, and a client with its key. */
  async tenant(id: string, settings: object = {}): Promise<Client> {
    await this.operator.admin.putTenant(id, settings);
    const { key } = await this.operator.admin.createKey(id);
    return createClient({ url: this.server.url, key });
  }

  async stop(): Promise<string[]> {
    const left = await this.server.dispose();
    await this.registry.stop();
    return left;
  }
}
