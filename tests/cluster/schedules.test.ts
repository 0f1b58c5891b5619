/** Tests schedules of servers that share a PostgreSQL store, with as many due at once as there may be. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { moveTenant, undoMove } from "../../server/cli/move/move-tenant.ts";
import type { Schedules } from "../../server/store/contract/schedules.ts";
import { MOST_ROWS } from "../../server/store/contract/storage.ts";
import { openStore } from "../../server/store/open.ts";
import { until } from "../contract/engine-contract.ts";
import { ControlPlane } from "../helpers/control-plane.ts";
import { SOAK } from "../helpers/soak.ts";
import { version } from "../helpers/store-rows.ts";

/** Ten tenants have ten thousand schedules. */
const TENANTS = Array.from({ length: SOAK ? 10 : 3 }, (_, n) => `tenant-${n}`);
const EACH = MOST_ROWS.schedules;
const ALL = TENANTS.length * EACH;

const CODE = "export default () => 1";

type Server = ReturnType<ControlPlane["serve"]>;

let postgres: Postgres;
const planes: ControlPlane[] = [];
const servers: Server[] = [];
/** Statements of the servers, and the due times that they have served. */
const asked = { due: 0, serve: 0, served: 0 };

/** Opens a server over a store, whose statements for schedules are counted. */
async function open(url: string): Promise<Server> {
  const store = await openStore(url);
  const { schedules } = store;
  const counted: Schedules = {
    ...schedules,
    due: (limit) => {
      asked.due += 1;
      return schedules.due(limit);
    },
    serve: async (...given) => {
      asked.serve += 1;
      const served = await schedules.serve(...given);
      asked.served += served.length;
      return served;
    },
  };
  const plane = new ControlPlane({ ...store, schedules: counted });
  planes.push(plane);
  return plane.serve();
}

beforeAll(async () => {
  postgres = await Postgres.start();
  await postgres.query("create database other owner app", "postgres");
  for (const url of [postgres.url(), postgres.url()]) servers.push(await open(url));
  for (const tenant of TENANTS) {
    await servers[0]?.tenant(tenant);
    await planes[0]?.store.functions.deploy(
      version(tenant, { files: { "main.ts": CODE }, code: CODE }),
    );
  }
}, 60_000);
afterAll(async () => {
  await Promise.all(servers.map(({ services }) => services.scheduler.close()));
  await Promise.all(planes.map((plane) => plane.close()));
  await postgres.stop();
});

async function number(text: string): Promise<number> {
  const [row] = await postgres.query(`select (${text})::int as n`);
  return Number(row?.n);
}

const accepted = () =>
  number("select count(*) from isolate.schedule_runs where outcome = 'accepted'");

/** Has a process serve what is due, and kills it at work. It serves at least a part, and never all. */
async function serveAndKill(): Promise<void> {
  const program = fileURLToPath(new URL("../helpers/scheduler-process.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", program, postgres.url()], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let served = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    served += Number(line);
    if (served >= ALL / 4) break;
  }
  child.kill("SIGKILL");
  expect(await exited).toEqual([null, "SIGKILL"]);
  const before = await accepted();
  expect(before).toBeGreaterThanOrEqual(served);
  expect(before).toBeLessThan(ALL);
}

it(`serves ${ALL} schedules that are due at once, each once, though its servers are cut off from the store`, async () => {
  await postgres.query(`insert into isolate.schedules (tenant, function, name, cron, timezone, input, overlap, next_at)
    select 'tenant-' || n % ${TENANTS.length}, 'f', 's' || n, case n % 3 when 0 then '@hourly' when 1 then '0 3 * * *'
      else n % 60 || ' * * * *' end, 'Europe/Berlin', '{"n":' || n || '}', 'queue', date_trunc('second', now()) - interval '1 second'
    from generate_series(0, ${ALL - 1}) as n`);
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  turn();
  if (SOAK) await serveAndKill();
  for (const { services } of servers) services.scheduler.start();
  // A statement that was cut off is undone, or done though nobody was told.
  for (const share of [0.2, 0.5]) {
    await until(async () => (await accepted()) >= share * ALL);
    await postgres.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'",
    );
    for (const { services } of servers) services.scheduler.wake();
  }
  await until(async () => {
    for (const { services } of servers) services.scheduler.wake();
    return (await number("select count(*) from isolate.schedules where next_at <= now()")) === 0;
  });
  isOver = true;
  expect(await accepted()).toBe(ALL);
  expect(await number("select count(*) from isolate.jobs")).toBe(ALL);
  expect(await number("select count(distinct request::json ->> 'input') from isolate.jobs")).toBe(
    ALL,
  );
  expect(
    await number(`select count(*) from isolate.schedule_runs r join isolate.jobs j on j.id = r.execution
      and j.tenant = r.tenant and j.context::json ->> 'schedule' = r.schedule`),
  ).toBe(ALL);
  // Both read the same rows at times, and all but the first statement for each finds them served.
  expect(asked.serve).toBeLessThan((2 * ALL) / 10);
  expect(asked.due).toBeLessThan(ALL / 20);
  // Other work has its turn all along.
  expect(turns).toBeGreaterThan(ALL / 50);

  const [first] = servers;
  const put = await first?.app.request("/functions/f/schedules/more", { method: "PUT" });
  expect(put?.status).toBe(401);
  const full = planes[0]?.store.schedules.put({
    ...{ tenant: "tenant-0", function: "f", name: "more", cron: "@daily", timezone: "UTC" },
    ...{ input: null, overlap: "skip", paused: false, nextAt: new Date() },
  });
  await expect(full).rejects.toThrow("may have 1000 schedules");
}, 120_000);

it("refuses what is due while a thousand jobs of its tenant wait", async () => {
  await postgres.query(
    "update isolate.schedules set next_at = now() - interval '1 second' where tenant = 'tenant-0' and name = 's0'",
  );
  servers[0]?.services.scheduler.wake();
  const refused = "select count(*) from isolate.schedule_runs where code = 'JOBS_LIMIT'";
  await until(async () => (await number(refused)) === 1);
});

it("runs nothing of a tenant that moves, at neither place, until it has moved", async () => {
  const url = postgres.url().replace(/\/app$/, "/other");
  const there = await open(url);
  const clients = [new pg.Client(postgres.url()), new pg.Client(url)];
  for (const client of clients) await client.connect();
  const [source, target] = clients as [pg.Client, pg.Client];
  const log = (line: string): void => {
    if (line.includes("rows of schedules")) throw new Error("SIGKILL");
  };
  const options = { source, target, tenant: "tenant-1", settle: 0, wait: 1_000, log: () => {} };
  const of = async (client: pg.Client, columns: string): Promise<unknown[]> =>
    (
      await client.query(
        `select ${columns} from isolate.schedules where tenant = 'tenant-1' order by name`,
      )
    ).rows;
  const runs = async (client: pg.Client): Promise<number> =>
    (await client.query("select from isolate.schedule_runs where tenant = 'tenant-1'")).rowCount ??
    0;
  servers.push(there);
  there.services.scheduler.start();
  await source.query(
    "delete from isolate.schedules where tenant = 'tenant-1' and name not in ('s1', 's31', 's61')",
  );
  await source.query("delete from isolate.jobs where tenant = 'tenant-1'");
  const before = await of(source, "name, cron, next_at, input");
  await expect(moveTenant({ ...options, log })).rejects.toThrow("SIGKILL");
  const held = await of(source, "next_at < now() + interval '100 years' as runs");
  expect(held.filter((row) => (row as { runs: boolean }).runs)).toEqual([]);
  await undoMove(options);
  expect(await of(source, "name, cron, next_at, input")).toEqual(before);

  await source.query(
    "update isolate.schedules set next_at = now() - interval '1 second' where tenant = 'tenant-1' and name = 's1'",
  );
  // Served at one place only, whenever the move begins.
  await moveTenant(options);
  await until(async () => (await runs(target)) === before.length + 1);
  expect(await runs(source)).toBe(0);
  expect(await of(source, "name")).toEqual([]);
  const after = await of(target, "next_at < now() + interval '100 years' as runs");
  expect(after.filter((row) => (row as { runs: boolean }).runs)).toHaveLength(before.length);
  await Promise.all(clients.map((client) => client.end()));
}, 60_000);
