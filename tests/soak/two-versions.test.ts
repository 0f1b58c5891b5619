/** Tests servers of this version and of the one before side by side, on one PostgreSQL database. */
import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { openStore } from "../../server/store/open.ts";
import { until } from "../contract/engine-contract.ts";
import { storeContract } from "../contract/store-contract.ts";
import { ADMIN_KEY } from "../helpers/control-plane.ts";
import { TestServer } from "../helpers/server.ts";
import { unique } from "../helpers/store-rows.ts";
import { type FormerVersion, formerCommit, formerVersion } from "./former-version.ts";

const run = promisify(execFile);
const commit = await formerCommit();
const WITHIN = 600_000;
/** Tests that are written into the former version: its own contracts, by what this version has. */
const STORE = `import { openStore } from "../../server/store/open.ts";
import { storeContract } from "../contract/store-contract.ts";

storeContract("beside the next version", () => openStore(process.env.SHARED_STORE));
`;
const CALLS = `import { callerContract } from "../contract/caller-contract.ts";

const execute = async (request) => {
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(request) };
  const { id, ...output } = await (await fetch(process.env.NEXT_SERVER + "/execute", init)).json();
  return output;
};
const others = { sandbox: "isolated", reuse: "tenant" };
callerContract("by the next version", () => ({ execute, ready: async () => {} }), { others });
`;

let postgres: Postgres;
let former: FormerVersion;
/** Servers of the former version and of this one. */
const servers: TestServer[] = [];

const settings = () => ({
  ISOLATE_ENGINE: "none",
  ISOLATE_ADMIN_KEY: ADMIN_KEY,
  ISOLATE_STORE_URL: postgres.url(),
  ISOLATE_POOL_MAX: "3",
  ISOLATE_JOB_LEASE: "3000",
});

// biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what a test is about
type Json = any;

async function ask(
  server: number,
  method: string,
  path: string,
  { body, key = ADMIN_KEY, more = {} }: { body?: object; key?: string; more?: object } = {},
): Promise<{ status: number; json: Json }> {
  const headers = {
    authorization: `Bearer ${key}`,
    "content-type": "application/json",
    ...more,
  };
  const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
  const answer = await fetch(`${servers[server]?.url}${path}`, init);
  const text = await answer.text();
  return { status: answer.status, json: text === "" ? undefined : JSON.parse(text) };
}

async function tenant(server: number, limits: object = {}) {
  const id = unique("tenant").slice(0, 20);
  const body = { sandbox: ["isolated"], ...limits };
  expect((await ask(server, "PUT", `/admin/tenants/${id}`, { body })).status).toBeLessThan(300);
  const { json } = await ask(server, "POST", `/admin/tenants/${id}/keys`, { body: {} });
  return { id, key: String(json.key) };
}

const execution = (code: string, more: object = {}) => ({
  code,
  sandbox: "isolated",
  timeout: 60_000,
  ...more,
});
const ONE = execution("export default () => 1");
const LONG = execution("export default (ms) => new Promise((go) => setTimeout(() => go(1), ms))");
const BOTH = [
  ["the former to this one", 0, 1],
  ["this one to the former", 1, 0],
] as const;

/** Runs tests in the former version. Returns how many have passed, if all have. */
async function formerTests(text: string, more: Record<string, string>): Promise<number> {
  const file = join(former.folder, "tests/unit/beside-the-next.test.ts");
  await writeFile(file, text);
  const args = ["vitest", "run", "--project", "unit", "beside-the-next"];
  const env = { ...process.env, SOAK: "", ...more };
  try {
    const options = { cwd: former.folder, env, maxBuffer: 16_777_216 };
    const { stdout } = await run("npx", args, options);
    const [, passed] = /Tests .*?(\d+) passed/.exec(stripVTControlCharacters(stdout)) ?? [];
    console.log(`${passed} tests of the former version pass`);
    return Number(passed);
  } finally {
    await rm(file);
  }
}

describe.skipIf(commit === undefined)("two versions on one store", { timeout: WITHIN }, () => {
  let before: { id: string; key: string };

  beforeAll(async () => {
    former = await formerVersion(String(commit));
    postgres = await Postgres.start({ max_connections: "120" });
    // The former one makes its tables, and this one brings them up to date beneath it.
    servers.push(await TestServer.start(settings(), former.folder));
    before = await tenant(0);
    const body = ONE;
    await ask(0, "PUT", "/functions/kept", { key: before.key, body });
    servers.push(await TestServer.start(settings()));
    console.log(`Beside ${former.name}`);
  }, WITHIN);
  afterAll(async () => {
    for (const server of servers) expect(await server.dispose()).toEqual([]);
    await postgres?.stop();
    await former?.remove();
  });

  it("keep what the former one has stored", async () => {
    for (const server of [0, 1]) {
      const path = "/functions/kept/invoke";
      const { status, json } = await ask(server, "POST", path, { key: before.key, body: {} });
      expect([status, json.result]).toEqual([200, 1]);
    }
  });

  it.each(BOTH)("take over keys, functions and limits, from %s", async (_way, from, to) => {
    const { id, key } = await tenant(from);
    const call = async () => (await ask(to, "POST", "/functions/f/invoke", { key, body: {} })).json;
    for (const value of [11, 12]) {
      const body = execution(`export default () => ${value}`);
      expect((await ask(from, "PUT", "/functions/f", { key, body })).status).toBe(201);
      await until(async () => (await call()).result === value);
    }
    const limits = { sandbox: ["isolated"], budget: { executions: 0 } };
    await ask(from, "PUT", `/admin/tenants/${id}`, { body: limits });
    await until(async () => (await ask(to, "POST", "/execute", { key, body: ONE })).status === 429);
    await ask(from, "DELETE", `/admin/tenants/${id}`);
    await until(async () => (await ask(to, "POST", "/execute", { key, body: ONE })).status === 401);
  });

  it("share a budget, exactly", async () => {
    const { key } = await tenant(0, { budget: { executions: 20 }, concurrency: 8, queue: 100 });
    const body = { ...ONE, reuse: "tenant", queueTimeout: 60_000 };
    const all = Array.from({ length: 40 }, (_, n) => ask(n % 2, "POST", "/execute", { key, body }));
    const statuses = (await Promise.all(all)).map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(20).fill(200), ...Array(20).fill(429)]);
  });

  it("run a request with an Idempotency-Key once", async () => {
    const { id, key } = await tenant(1);
    for (let n = 0; n < 10; n += 1) {
      const more = { "idempotency-key": unique("key") };
      const body = { ...ONE, reuse: "tenant" };
      const answers = await Promise.all(
        [0, 1].map((server) => ask(server, "POST", "/execute", { key, body, more })),
      );
      for (const { status } of answers) expect([200, 409]).toContain(status);
    }
    await until(async () => {
      const sql = `select count(*)::int as n from isolate.executions where tenant = '${id}'`;
      return (await postgres.query(sql))[0]?.n === 10;
    });
  });

  it("answer each job of either", async () => {
    const { key } = await tenant(0, { concurrency: 8 });
    const more = { prefer: "respond-async" };
    const accepted = await Promise.all(
      Array.from({ length: 24 }, (_, n) =>
        ask(n % 2, "POST", "/execute", { key, body: { ...LONG, input: 100 }, more }),
      ),
    );
    for (const [n, { status, json }] of accepted.entries()) {
      expect(status).toBe(202);
      await until(async () => {
        const job = await ask((n + 1) % 2, "GET", `/jobs/${json.id}`, { key });
        return job.json.status === "done" && job.json.answer.result === 1;
      }, 100);
    }
  });

  it.each(BOTH)("leave a job that is killed, by %s", async (_way, from, to) => {
    const { key } = await tenant(to, { concurrency: 16 });
    const more = { prefer: "respond-async" };
    const body = { ...LONG, input: 3_000 };
    const jobs = Array.from({ length: 6 }, async () => {
      const { json } = await ask(from, "POST", "/execute", { key, body, more });
      return json.id as string;
    });
    const ids = await Promise.all(jobs);
    const list = ids.map((id) => `'${id}'`).join();
    const owners = `select distinct owner from isolate.jobs where id in (${list}) and state = 'running'`;
    // Then each of them runs some.
    await until(async () => (await postgres.query(owners)).length === 2);
    await servers[from]?.stop("SIGKILL");
    const attempts: number[] = [];
    for (const id of ids) {
      await until(async () => {
        const { json } = await ask(to, "GET", `/jobs/${id}`, { key });
        if (json.status === "done") attempts.push(json.attempts);
        return json.status === "done" && json.answer.result === 1;
      }, 500);
    }
    expect(Math.max(...attempts)).toBe(2);
    // It comes back on the tables of this version.
    await servers[from]?.start();
    await servers[from]?.ready();
  });

  it.each(BOTH)("carry a channel's messages from %s", async (_way, from, to) => {
    const { id, key } = await tenant(from);
    const tools = ["channel"];
    const code = "export default () => new Promise((go) => channel.on('t', go))";
    const heard = ask(to, "POST", "/execute", { key, body: execution(code, { tools }) });
    await until(async () => {
      const sql = `select from isolate.channel_subscribers where tenant = '${id}'`;
      return (await postgres.query(sql)).length > 0;
    });
    const emit = execution("export default () => channel.emit('t', 'hello')", { tools });
    await ask(from, "POST", "/execute", { key, body: emit });
    expect((await heard).json.result).toBe("hello");
  });

  it("would break the former one by taking a column away", async () => {
    const called = () => ask(0, "POST", `/admin/tenants/${before.id}/keys`, { body: {} });
    expect((await called()).status).toBe(201);
    await postgres.query("alter table isolate.keys rename column label to remark");
    try {
      expect((await called()).status).toBe(500);
    } finally {
      await postgres.query("alter table isolate.keys rename column remark to label");
    }
  });

  describe("each with a store whose tables are this version's", () => {
    let own: Postgres;
    beforeAll(async () => {
      own = await Postgres.start();
    });
    afterAll(() => own.stop());

    it("passes the former version's contract by the former one", async () => {
      const store = await openStore(own.url());
      expect(await formerTests(STORE, { SHARED_STORE: own.url() })).toBeGreaterThan(50);
      await store.close();
    });
  });

  it("answers what the former one's contract says of executions", async () => {
    const server = await TestServer.start({ ISOLATE_ENGINE: "none", ISOLATE_MEMORY: "128" });
    try {
      expect(await formerTests(CALLS, { NEXT_SERVER: server.url })).toBeGreaterThan(100);
    } finally {
      expect(await server.dispose()).toEqual([]);
    }
  });

  describe("this one with tables that the former one has made", () => {
    let own: Postgres;
    beforeAll(async () => {
      own = await Postgres.start();
      const server = await TestServer.start(
        { ...settings(), ISOLATE_STORE_URL: own.url() },
        former.folder,
      );
      expect(await server.dispose()).toEqual([]);
    });
    afterAll(() => own.stop());
    storeContract("after the version before", () => openStore(own.url()));
  });
});
