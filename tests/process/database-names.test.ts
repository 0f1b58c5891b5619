/** Tests names of database servers: how they are resolved, and who waits for that. */
import dns from "node:dns";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { parseDatabaseUrl } from "../../src/database/database-url.ts";
import { SpareConnections } from "../../src/database/spare-connections.ts";
import { nameServerResolver } from "../../src/dns/resolve.ts";
import { until } from "../contract/engine-contract.ts";
import { Cleanup } from "../helpers/egress.ts";
import { startNameServer } from "../helpers/name-server.ts";

const cleanup = new Cleanup();
let server: Postgres;
beforeAll(async () => {
  server = await Postgres.start();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await cleanup.run();
});
afterAll(() => server.stop());

/** Makes a reserve that uses only the name server of this test. */
async function reserveOf(zone: Parameters<typeof startNameServer>[1]) {
  const { at, asked } = await startNameServer(cleanup, zone);
  const reserve = new SpareConnections({ resolver: nameServerResolver({ servers: [at] }) });
  return { reserve, asked };
}

describe("the name of a database's server", () => {
  it("is looked up without getaddrinfo, for logins, the control and cancellations", async () => {
    const lookup = vi.spyOn(dns, "lookup");
    const { reserve, asked } = await reserveOf((_name, type) =>
      type === "A" ? ["127.0.0.1"] : [],
    );
    const target = parseDatabaseUrl(server.url("", { host: "db.test" }));
    const serverConnection = await reserve.take(target);
    expect(serverConnection.backend).toMatchObject({
      host: { host: "db.test" },
      address: "127.0.0.1",
    });
    await reserve.end(serverConnection, true);
    await reserve.close();
    await until(async () => (await server.connections()) === 0);
    expect(lookup.mock.calls.filter(([name]) => isIP(name) === 0)).toEqual([]);
    expect(asked).toEqual(["db.test A", "db.test AAAA"]);
  });

  it("is what the certificate has to name, and not the address", async () => {
    const options = `?sslmode=verify-full&sslrootcert=${server.certificate}`;
    const at = (host: string) => parseDatabaseUrl(server.url(options, { host }));
    const { reserve } = await reserveOf((_name, type) => (type === "A" ? ["127.0.0.1"] : []));
    const serverConnection = await reserve.take(at("localhost"));
    await reserve.end(serverConnection, true);
    await expect(reserve.take(at("db.test"))).rejects.toThrow(/altnames|does not match/);
    await reserve.close();
  });

  it("goes to the next address where one cannot be reached", async () => {
    const { reserve } = await reserveOf((_name, type) =>
      type === "A" ? ["127.0.0.9", "127.0.0.1"] : [],
    );
    const serverConnection = await reserve.take(
      parseDatabaseUrl(server.url("", { host: "db.test" })),
    );
    expect(serverConnection.backend.address).toBe("127.0.0.1");
    await reserve.end(serverConnection, false);
    await reserve.close();
  });

  it("keeps no file waiting while nobody answers for it, and is given up at the end", async () => {
    const { reserve } = await reserveOf(() => null);
    const target = parseDatabaseUrl("postgres://t:p@db.tenant.test/app");
    const taken = Promise.allSettled(Array.from({ length: 8 }, () => reserve.take(target)));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const since = performance.now();
    await readFile(fileURLToPath(import.meta.url));
    await reserve.close();
    expect((await taken).map(({ status }) => status)).toEqual(Array(8).fill("rejected"));
    expect(performance.now() - since).toBeLessThan(1_000);
  });
});
