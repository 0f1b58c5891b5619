/** Tests that a server without its store ends a job before another one starts it, for as long as servers wait by default. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { openStore } from "../../server/store/open.ts";
import { until } from "../contract/engine-contract.ts";
import { Cable } from "../helpers/cable.ts";
import { ControlPlane } from "../helpers/control-plane.ts";
import { TestServer } from "../helpers/server.ts";
import { unique } from "../helpers/store-rows.ts";
import { overlapOf, TellingJobs } from "../helpers/telling-jobs.ts";

const LASTS = 50_000;
const CUT_FOR = 60_000;
const WITHIN = 300_000;

let postgres: Postgres;
let jobs: TellingJobs;

beforeAll(async () => {
  postgres = await Postgres.start();
  jobs = await TellingJobs.start();
});
afterAll(async () => {
  jobs.stop();
  await postgres.stop();
});

it(`ends a job of ${LASTS} ms, cut off for ${CUT_FOR} ms`, { timeout: WITHIN }, async () => {
  const cable = new Cable(() => postgres.port);
  await cable.plug();
  const start = (url: string): Promise<TestServer> =>
    TestServer.start({
      ISOLATE_ENGINE: "none",
      ISOLATE_ISOLATED_NET: "true",
      ISOLATE_STORE_URL: url,
      ISOLATE_POOL_MAX: "3",
    });
  const cut = await start(cable.url(postgres.url()));
  const id = await jobs.submit("fenced", LASTS, cut);
  await until(() => jobs.runsOf("fenced").length === 1);
  const other = await start(postgres.url());
  try {
    cable.cut();
    await sleep(CUT_FOR);
    await cable.plug();
    const row = async () =>
      (await postgres.query(`select state, attempts from isolate.jobs where id = '${id}'`))[0];
    for (const end = Date.now() + LASTS + CUT_FOR; (await row())?.state !== "done"; ) {
      expect(Date.now()).toBeLessThan(end);
      await sleep(500);
    }
    const runs = jobs.runsOf("fenced");
    console.log(`The first copy ended ${(-overlapOf(runs)).toFixed(0)} ms before the second began`);
    expect(runs).toHaveLength(2);
    expect(overlapOf(runs)).toBeLessThanOrEqual(0);
    expect(await row()).toEqual({ state: "done", attempts: 2 });
    // The first one takes part again.
    const next = await jobs.submit("next", 0, cut);
    await until(async () =>
      postgres
        .query(`select from isolate.jobs where id = '${next}' and state = 'done'`)
        .then(({ length }) => length === 1),
    );
  } finally {
    await cable.plug().catch(() => {});
    await Promise.all([cut.dispose(), other.dispose()]);
    cable.cut();
  }
});

/** Returns the most copies of a job at once, of which the first runs on a server that is cut off. */
async function copies({ believesItself }: { believesItself: boolean }): Promise<number> {
  const cable = new Cable(() => postgres.port);
  await cable.plug();
  const store = await openStore(cable.url(postgres.url()));
  const renew = async (_owner: string, _lease: number, ids: readonly string[]) => [...ids];
  const cut = new ControlPlane(
    believesItself ? { ...store, jobs: { ...store.jobs, renew } } : store,
  );
  const other = new ControlPlane(await openStore(postgres.url()));
  let running = 0;
  let most = 0;
  let begun = 0;
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  for (const plane of [cut, other])
    plane.behave = async (_job, { signal }) => {
      begun += 1;
      running += 1;
      most = Math.max(most, running);
      await Promise.race([
        finished,
        new Promise((resolve) => signal?.addEventListener("abort", resolve)),
      ]);
      running -= 1;
      return { result: 1 };
    };
  const [first, second] = [cut, other].map((plane) => plane.serve({ lease: 3_000 }));
  const client = await first?.tenant(unique("tenant").slice(0, 20));
  first?.services.worker.start();
  const request = { code: "export default () => 1" };
  await client?.post("/execute", request, { prefer: "respond-async" });
  await until(() => begun === 1);
  cable.cut();
  second?.services.worker.start();
  await until(() => begun === 2);
  finish();
  await cable.plug();
  await Promise.all([cut.close(), other.close()]);
  cable.cut();
  return most;
}

it("runs it twice at once, if it takes its claim for renewed without an answer", async () => {
  expect(await copies({ believesItself: false })).toBe(1);
  expect(await copies({ believesItself: true })).toBe(2);
});
