import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "./context.ts";
import type { Client } from "./http.ts";
import { BenchServer } from "./server.ts";

/** Number of warm sandboxes of such a server. */
const MIN = 2;
/** Milliseconds of requests that are not measured, because they fill caches and the pool. */
const SETTLE = 2_000;

/** A server of its own for measurements with tenants. */
export class TenantServer {
  readonly #server: BenchServer;

  private constructor(server: BenchServer) {
    this.#server = server;
  }

  static async start({ docker, scratch, signal }: Context, name: string): Promise<TenantServer> {
    const adminKey = randomBytes(32).toString("hex");
    const runDirectory = join(scratch, name);
    const options = { docker, runDirectory, min: MIN, adminKey, signal };
    const server = await BenchServer.start(options);
    await sleep(SETTLE, undefined, { signal });
    return new TenantServer(server);
  }

  /** Creates a tenant that only the pool limits, and a client with its key. */
  async tenant(id: string): Promise<Client> {
    const { client } = this.#server;
    const made = await client.put(`/admin/tenants/${id}`, { concurrency: 100 });
    const { body } = await client.post(`/admin/tenants/${id}/keys`, {});
    const { key } = body as { key?: string };
    if (made.status !== 201 || key === undefined) throw new Error(`No tenant "${id}"`);
    return client.as(key);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}
