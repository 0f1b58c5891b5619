/** Tests what the doctor says of servers that share a store. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import type { Finding } from "../../doctor/finding.ts";
import { type ClusterOptions, checkCluster } from "../../server/cli/cluster-check.ts";
import { openStore } from "../../server/store/open.ts";
import { VERSION } from "../../server/version.ts";
import { PGBOUNCER, PgBouncer } from "../helpers/pgbouncer.ts";

let postgres: Postgres;
let http: Server;
let port: number;

beforeAll(async () => {
  postgres = await Postgres.start();
  http = createServer((request, response) => {
    const isReady = request.headers.host?.startsWith("localhost") === true;
    response.statusCode = isReady ? 200 : 503;
    response.end(JSON.stringify({ reason: "no \u001b[31m engine" }));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  ({ port } = http.address() as AddressInfo);
});
afterAll(async () => {
  http.closeAllConnections();
  http.close();
  await postgres.stop();
});

async function findings(options: ClusterOptions): Promise<string[]> {
  const all: Finding[] = [];
  for await (const finding of checkCluster(options)) all.push(finding);
  return all.map(({ level, check, message }) => `${level} ${check}: ${message}`);
}

const at = (all: readonly string[], check: string): string[] =>
  all.filter((line) => line.split(" ").slice(1).join(" ").startsWith(`${check}:`));

describe("the doctor of a cluster", () => {
  it("finds nothing wrong with a database that no server has used", async () => {
    const all = await findings({ store: postgres.url() });
    expect(at(all, "clock")[0]).toMatch(/^ok/);
    expect(at(all, "pooler")).toEqual(["ok pooler: The store's URL leads to the database itself"]);
    expect(at(all, "notices")[0]).toMatch(/^ok/);
    expect(at(all, "nodes")).toEqual(["warn nodes: No server uses the store"]);
    expect(at(all, "standby")).toEqual([]);
    const hosts = postgres.url().replace(/@([^/]*)/, "@$1,$1");
    expect(at(await findings({ store: hosts }), "standby")[0]).toMatch(/^warn/);
  });

  it("tells which servers are there, ready, reached and of its version", async () => {
    const store = await openStore(postgres.url());
    const node = { version: VERSION, draining: false, capacity: 4 };
    const put = (id: string, address: string, more = {}) =>
      store.nodes.put({ ...node, id, address, ...more });
    await put("a", `localhost:${port}`);
    await put("b", `127.0.0.1:${port}`, { version: "0.0.1" });
    await put("c", "localhost:1");
    await put("d", `127.0.0.1:${port}`, { draining: true });
    await put("gone", "localhost:2");
    await postgres.query(
      "update isolate.nodes set seen = now() - interval '1 minute' where id = 'gone'",
    );
    const all = await findings({ store: postgres.url() });
    expect(at(all, "nodes")).toEqual([
      "ok nodes: 4 servers use the store",
      "warn nodes: 1 servers have ended without a word",
    ]);
    expect(at(all, "node versions")[0]).toContain("0.0.1");
    expect(at(all, "node").map((line) => line.replace(/here: .*/, "here"))).toEqual([
      `warn node: 127.0.0.1:${port} answers 503: no ?[31m engine`,
      `ok node: 127.0.0.1:${port} is about to end`,
      "warn node: localhost:1 is not reached from here",
      `ok node: localhost:${port} is ready`,
    ]);
    await store.close();
  });

  it("says so of a directory, and of a database that is not there", async () => {
    expect(await findings({ store: "/tmp/store" })).toEqual([
      "warn cluster: The store is a directory, which one server has alone",
    ]);
    const [line = ""] = await findings({ store: "postgres://u:s3cret@127.0.0.1:1/d" });
    expect(line).toMatch(/^fail cluster: .*ECONNREFUSED/);
    expect(line).not.toContain("s3cret");
  });

  it.skipIf(PGBOUNCER === undefined)("knows a pooler of transactions", async () => {
    const bouncer = await PgBouncer.start(postgres);
    const store = bouncer.url(postgres.url());
    // Its two connections are shared with others, as they are beside servers at work.
    const alone = await findings({ store });
    expect(at(alone, "pooler")[0]).toMatch(/^fail/);
    expect(at(alone, "notices")[0]).toMatch(/^fail/);
    const both = await findings({ store, directUrl: postgres.url() });
    expect(at(both, "pooler")[0]).toMatch(/^warn .* ends no statement/);
    expect(at(both, "notices")[0]).toMatch(/^ok/);
    await postgres.query("alter role app set statement_timeout = '10s'");
    await postgres.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'",
    );
    const set = await findings({ store, directUrl: postgres.url() });
    expect(at(set, "pooler")).toEqual(["ok pooler: A pooler carries the statements"]);
    await bouncer.stop();
  });
});
