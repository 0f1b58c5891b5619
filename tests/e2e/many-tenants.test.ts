/** Tests the whole control plane through its clients, with containers, over each of its stores. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { type Client, createClient } from "../../src/client/client.ts";
import { until } from "../contract/engine-contract.ts";
import { killedJobs } from "../contract/killed-jobs.ts";
import { manyTenants } from "../contract/many-tenants.ts";
import { BOUND, OPENED, tenantWalk } from "../contract/tenant-walk.ts";
import { BoundSite } from "../helpers/bound-site.ts";
import { Receiver } from "../helpers/receiver.ts";
import { TestServer } from "../helpers/server.ts";
import { SOAK } from "../helpers/soak.ts";

/** Numbers for the test. The first call of each tenant takes long, because it starts a sandbox. */
const { TENANTS, CONTAINED, CALLS } = SOAK
  ? { TENANTS: 50, CONTAINED: 50, CALLS: 10_000 }
  : { TENANTS: 8, CONTAINED: 2, CALLS: 256 };
const ADMIN_KEY = "the-operators-key-of-these-tests-alone";

const SETTINGS = {
  ISOLATE_ADMIN_KEY: ADMIN_KEY,
  ISOLATE_SECRET_KEY: "5e".repeat(32),
  ISOLATE_MEMORY: "128",
  ISOLATE_POOL_MIN: "1",
  // Sandboxes prepared for one tenant's grants are there while others run.
  ISOLATE_POOL_PREPARED: "4",
  // Each function keeps its sandbox; otherwise they would take turns at starting.
  ISOLATE_POOL_MAX: String(TENANTS + 10),
  ISOLATE_REUSE_TOTAL: String(TENANTS + 5),
  ISOLATE_JOB_LEASE: "3000",
};

const STORES: [name: string, start: () => Promise<Postgres | undefined>][] = [
  ["PGlite", async () => undefined],
  ["PostgreSQL", () => Postgres.start()],
];

describe.each(STORES)("over %s", (store, start) => {
  let postgres: Postgres | undefined;
  let receiver: Receiver;
  let site: BoundSite;
  let directory: string;
  let server: TestServer;

  beforeAll(async () => {
    postgres = await start();
    receiver = await Receiver.start();
    site = await BoundSite.start([BOUND.host], `Bearer ${BOUND.secret}`);
    directory = await mkdtemp(join(tmpdir(), "isolate-authority-"));
    await writeFile(join(directory, "ca.pem"), site.authority);
    server = await TestServer.start({
      ...SETTINGS,
      ISOLATE_EGRESS_PRIVATE: `${receiver.host},${OPENED},${BOUND.host}:${site.port}`,
      ISOLATE_EGRESS_HOSTS: JSON.stringify({ [BOUND.host]: "127.0.0.1" }),
      ISOLATE_EGRESS_CA: join(directory, "ca.pem"),
      ...(postgres && { ISOLATE_STORE_URL: postgres.url() }),
    });
    await until(() => server.log.includes("The egress proxy is ready"));
  });
  afterAll(async () => {
    expect(await server.dispose()).toEqual([]);
    receiver.stop();
    site.stop();
    await rm(directory, { recursive: true });
    await postgres?.stop();
  });

  const clientOf = (key: string): Client => createClient({ url: server.url, key });

  // Over PostgreSQL, tests/cluster/ has them beside several servers.
  it.skipIf(store === "PostgreSQL" && !SOAK)(
    `${CALLS} executions of ${TENANTS} tenants are each tenant's own, and all written down`,
    async () => {
      const headers = { authorization: `Bearer ${ADMIN_KEY}` };
      const metrics = async () => (await fetch(`${server.url}/metrics`, { headers })).text();
      const { perSecond } = await manyTenants({
        ...{ admin: clientOf(ADMIN_KEY), clientOf, metrics },
        ...{ tenants: TENANTS, contained: CONTAINED, calls: CALLS },
      });
      if (SOAK) console.log(`${store}: ${perSecond.toFixed(0)} executions a second`);
    },
    1_800_000,
  );

  // Contracts of the store prove that both answer alike.
  it.skipIf(store === "PGlite" && !SOAK)(
    "a tenant does all there is to do, from its first key to its last",
    () => tenantWalk({ url: server.url, admin: clientOf(ADMIN_KEY), clientOf, receiver, site }),
  );

  // The test with processes over PGlite is in tests/process/reply-modes.test.ts.
  it.skipIf(store === "PGlite" && !SOAK)(
    "a server that is killed loses no job that it has accepted",
    () => killedJobs({ server, admin: clientOf(ADMIN_KEY), clientOf, receiver }),
  );
});
