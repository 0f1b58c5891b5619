/** Tests servers whose store fails: a real PostgreSQL behind a connection that is cut. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import type { StoreUnavailable } from "../../server/store/contract/store-errors.ts";
import { openStore } from "../../server/store/open.ts";
import { until } from "../contract/engine-contract.ts";
import { Cable } from "../helpers/cable.ts";
import { ADMIN_KEY, ControlPlane, type Json } from "../helpers/control-plane.ts";

const code = "export default () => 1";
const LATER = { prefer: "respond-async" };
const KEY = { "idempotency-key": "a-key" };

let postgres: Postgres;
let cable: Cable;
let plane: ControlPlane;
let client: Awaited<ReturnType<ReturnType<ControlPlane["serve"]>["tenant"]>>;
let server: ReturnType<ControlPlane["serve"]>;
let runs = 0;
let go = (): void => {};

beforeAll(async () => {
  postgres = await Postgres.start();
});
afterAll(() => postgres.stop());

beforeEach(async () => {
  cable = new Cable(() => postgres.port);
  await cable.plug();
  plane = new ControlPlane(await openStore(cable.url(postgres.url())));
  runs = 0;
  const databaseProxy = new Promise<void>((resolve) => {
    go = resolve;
  });
  plane.behave = async () => {
    runs += 1;
    await databaseProxy;
    return { result: runs };
  };
});
afterEach(async () => {
  go();
  await plane.close();
  cable.cut();
});

let count = 0;
async function serve(lease: number): Promise<void> {
  server = plane.serve({ lease });
  count += 1;
  client = await server.tenant(`tenant-${count}`);
}

async function accepted(): Promise<string> {
  const response = await client.post("/execute", { code }, LATER);
  expect(response.status).toBe(202);
  return ((await response.json()) as Json).id;
}

const rows = (columns: string) =>
  postgres.query(
    `select ${columns} from isolate.jobs where tenant = 'tenant-${count}' order by id`,
  );

describe("jobs whose store goes away", () => {
  it("have run once though they finished long before it was back, and their claims were over", async () => {
    await serve(2_000);
    server.services.worker.start();
    for (let job = 0; job < 3; job += 1) await accepted();
    await until(() => runs === 3);
    cable.cut();
    go();
    // Longer than the retries of an earlier version.
    await sleep(9_000);
    await cable.plug();
    await until(async () => (await rows("state")).every(({ state }) => state === "done"));
    await sleep(1_000);
    expect(await rows("state, attempts")).toMatchObject(Array(3).fill({ state: "done" }));
    expect(runs).toBe(3);
  });

  it("are not held by a server that never got to hear of its claim", async () => {
    await serve(1_000);
    for (let job = 0; job < 5; job += 1) await accepted();
    await server.services.runs.flush();
    // The store executes the statement, and its answer is lost.
    cable.deaf = true;
    server.services.worker.start();
    await until(async () => (await rows("state")).some(({ state }) => state === "running"));
    cable.cut();
    cable.deaf = false;
    await cable.plug();
    go();
    await until(async () => (await rows("state")).every(({ state }) => state === "done"));
    expect(runs).toBe(5);
  });

  it("are given back by a server that is busy with others, as if they had not been claimed", async () => {
    await serve(60_000);
    const [first] = [await accepted()];
    server.services.worker.start();
    await until(() => runs === 1);
    const stray = await accepted();
    await until(() => runs === 2);
    // Happens when a claim's answer is lost: the row belongs to this server, which does not know
    // it.
    const lost = await accepted();
    await until(() => runs === 3);
    expect(new Set([first, stray, lost]).size).toBe(3);
    const owner = (await rows("owner"))[0]?.owner;
    await postgres.query(`insert into isolate.jobs (id, tenant, request_id, request, state, owner, attempts, claimed_until)
      values (gen_random_uuid(), 'tenant-${count}', '', '{"code":"export default () => 1"}', 'running',
      '${owner}', 1, now() + interval '2 seconds')`);
    cable.cut();
    await sleep(2_500);
    await cable.plug();
    await until(() => runs === 4);
    go();
    await until(async () => (await rows("state")).every(({ state }) => state === "done"));
    expect(runs).toBe(4);
    const answered = await rows("answer::json -> 'body' ->> 'attempts' as attempts");
    expect(answered.map(({ attempts }) => attempts)).toEqual(["1", "1", "1", "1"]);
  });

  it("are written down by a server that leaves, if the store comes back for that", async () => {
    await serve(60_000);
    server.services.worker.start();
    const id = await accepted();
    await until(() => runs === 1);
    cable.cut();
    go();
    const closed = server.services.worker.close();
    await sleep(1_000);
    await cable.plug();
    await closed;
    expect(await client.get(`/jobs/${id}`)).toMatchObject({ status: "done" });
  });
});

describe("a server whose store goes away", () => {
  const metric = async (): Promise<string> => {
    const response = await server.app.request("/metrics", {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    return /^isolate_store_up (.)$/m.exec(await response.text())?.[1] ?? "";
  };
  const ready = async () => (await server.app.request("/readyz")).status;

  it("is not ready meanwhile, and tells no caller where it is", async () => {
    await serve(60_000);
    const { key } = await server.tenancy.keyring.create(client.id, "");
    // The key is invalid, and this server must ask the store for it.
    const authorization = `Bearer ${key.slice(0, -1)}${key.endsWith("A") ? "B" : "A"}`;
    const elsewhere = plane.serve();
    const status = server.engine.status();
    server.engine.status = () => ({ ...status, warm: 1 });
    expect([await ready(), await metric()]).toEqual([200, "1"]);
    cable.cut();
    await until(async () => (await ready()) === 503);
    expect(await metric()).toBe("0");
    const responses = [
      await elsewhere.app.request("/executions", { headers: { authorization } }),
      await client.post("/execute", { code }, KEY),
    ];
    for (const response of responses) {
      expect(response.status).toBe(503);
      const text = await response.text();
      expect(JSON.parse(text)).toMatchObject({ error: { code: "STORE_UNAVAILABLE" } });
      const { requestId, ...told } = JSON.parse(text).error;
      expect(JSON.stringify(told)).not.toMatch(/127\.0\.0\.1|ECONN|\bapp\b|terminat|\d{5}/);
    }
    expect(plane.errors.map((error) => (error as { told?: string }).told).join()).toMatch(
      /ECONN|termin/,
    );
    await cable.plug();
    await until(async () => (await ready()) === 200);
    expect(await metric()).toBe("1");
  });

  it("is not ready while the store takes no writes", async () => {
    await serve(60_000);
    for (const [setting, reason] of [
      ["temp_file_limit = 0", /temporary file size/],
      ["default_transaction_read_only = on", /read-only transaction/],
    ] as const) {
      const store = await openStore(postgres.url());
      await postgres.query(`alter role app set ${setting}`);
      // Connections of before have no such setting.
      await postgres.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'",
      );
      try {
        await until(async () => {
          const error = await store.ping().catch((thrown: unknown) => thrown as StoreUnavailable);
          return error?.code === "STORE_UNAVAILABLE" && reason.test(error.told);
        });
      } finally {
        await postgres.query("alter role app reset all");
        await store.close();
      }
    }
  });
});

describe("an Idempotency-Key whose store goes away", () => {
  it("is answered with the first outcome by the server that has it, and later by all", async () => {
    await serve(60_000);
    const first = client.post("/execute", { code }, KEY);
    await until(() => runs === 1);
    // This test is not about the rows of executions.
    await postgres.query(`create function isolate.fail() returns trigger language plpgsql as
      'begin raise exception ''not now'' using errcode = ''58030''; end';
      create trigger fail before update on isolate.idempotency for each row execute function isolate.fail()`);
    go();
    const answer = await (await first).json();
    expect(answer).toMatchObject({ ok: true });
    const again = await client.post("/execute", { code }, KEY);
    expect([again.status, await again.json()]).toEqual([200, answer]);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    const other = await client.post("/execute", { code, input: 1 }, KEY);
    expect(other.status).toBe(422);
    await postgres.query("drop function isolate.fail cascade");
    const kept = `select answer from isolate.idempotency where tenant = 'tenant-${count}'`;
    await until(async () => (await postgres.query(kept))[0]?.answer !== null);
    const elsewhere = plane.serve();
    const { app } = elsewhere;
    const { key } = await elsewhere.tenancy.keyring.create(`tenant-${count}`, "");
    const third = await app.request("/execute", {
      method: "POST",
      body: JSON.stringify({ code }),
      headers: { "content-type": "application/json", authorization: `Bearer ${key}`, ...KEY },
    });
    expect(await third.json()).toEqual(answer);
    expect(runs).toBe(1);
  });

  it("is as new once the store knows that its request came to nothing", async () => {
    await serve(60_000);
    plane.behave = async () => {
      runs += 1;
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      throw new Error("ours");
    };
    const first = client.post("/execute", { code }, KEY);
    await until(() => runs === 1);
    cable.cut();
    go();
    expect((await first).status).toBe(500);
    await cable.plug();
    plane.behave = async () => ({ result: "second" });
    let status = 0;
    await until(async () => {
      status = (await client.post("/execute", { code }, KEY)).status;
      return status !== 409 && status !== 503;
    });
    expect(status).toBe(200);
  });
});
