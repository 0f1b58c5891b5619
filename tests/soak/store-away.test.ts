/** Tests what servers do while their store is away for 20 s, and what is there afterwards. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { until } from "../contract/engine-contract.ts";
import { Cable } from "../helpers/cable.ts";
import { Planes } from "../helpers/planes.ts";
import { TestServer } from "../helpers/server.ts";
import { unique } from "../helpers/store-rows.ts";

const AWAY = 20_000;
/** Milliseconds for which a server's places last at least, without its store. */
const LEASED = 8_000;

let postgres: Postgres;
let cable: Cable;
let planes: Planes;

beforeAll(async () => {
  postgres = await Postgres.start({ max_connections: "120" });
  cable = new Cable(() => postgres.port);
  await cable.plug();
  planes = await Planes.open(cable.url(postgres.url()), 3);
});
afterAll(async () => {
  await planes.close();
  cable.cut();
  await postgres.stop();
});

it("serves known callers, refuses others, and writes down each execution", async () => {
  let ran = 0;
  planes.behave(async () => {
    ran += 1;
    await sleep(50);
    return { result: 1 };
  });
  const [known, unknown] = [unique("known"), unique("unknown")];
  const send = await planes.tenant(known, { concurrency: 6 });
  const stranger = await planes.tenant(unknown, {});
  /** Statuses, each with the time since the store was cut off. */
  const answers: { at: number; status: number }[] = [];
  let cutAt = Number.POSITIVE_INFINITY;
  let isOver = false;
  const caller = async (server: number): Promise<void> => {
    for (; !isOver; await sleep(20)) {
      const at = performance.now();
      const { status } = await send(server);
      answers.push({ at: at - cutAt, status });
    }
  };
  const callers = [0, 1, 2].map(caller);
  await until(() => answers.length > 60);
  answers.length = 0;
  cable.cut();
  cutAt = performance.now();
  while (performance.now() < cutAt + AWAY) {
    for (const server of [0, 1, 2]) expect((await stranger(server)).status).toBe(503);
    await sleep(500);
  }
  const meanwhile = answers.filter(({ at }) => at >= 0);
  const served = meanwhile.filter(({ status }) => status === 200);
  const until200 = Math.max(...served.map(({ at }) => at));
  console.log(
    `${served.length} of ${meanwhile.length} requests were served without the store, the last one ${until200.toFixed(0)} ms after it was lost`,
  );
  expect(meanwhile.filter(({ at, status }) => at < LEASED && status !== 200)).toEqual([]);
  expect(new Set(meanwhile.map(({ status }) => status))).toEqual(new Set([200, 503]));
  await cable.plug();
  const back = answers.length;
  await until(() => answers.slice(back).filter(({ status }) => status === 200).length > 10, 500);
  expect((await stranger(1)).status).toBe(200);
  isOver = true;
  await Promise.all(callers);
  // The stranger's one is among them.
  const recorded = async (): Promise<unknown> =>
    (await postgres.query("select count(*)::int as n from isolate.executions"))[0]?.n;
  await until(async () => (await recorded()) === ran, 500);
}, 120_000);

it("serves a server's only user all the time", async () => {
  const own = new Cable(() => postgres.port);
  await own.plug();
  const url = own.url(postgres.url());
  const server = await TestServer.start({ ISOLATE_ENGINE: "none", ISOLATE_STORE_URL: url });
  try {
    const code = "export default () => 1";
    const request = { code, sandbox: "isolated", reuse: "code", timeout: 60_000 };
    const run = async (): Promise<void> =>
      expect(await server.execute(request)).toMatchObject({ ok: true, result: 1 });
    await run();
    own.cut();
    const cutAt = performance.now();
    let served = 1;
    for (; performance.now() < cutAt + AWAY; await sleep(50)) {
      await run();
      served += 1;
    }
    await own.plug();
    await until(async () => {
      const rows = await postgres.query(
        "select count(*)::int as n from isolate.executions where level = 'isolated'",
      );
      return rows[0]?.n === served;
    }, 500);
  } finally {
    await server.dispose();
    own.cut();
  }
}, 120_000);
