/** Tests a store with two hosts, of which the second takes over from the first. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { connectionOptions } from "../../server/store/hosts/connection.ts";
import { StoreClient } from "../../server/store/hosts/store-client.ts";
import { openStore } from "../../server/store/open.ts";
import { until } from "../contract/engine-contract.ts";
import { ControlPlane } from "../helpers/control-plane.ts";

const RUN = { code: "export default () => 1", sandbox: "container" };
const ASYNC = { prefer: "respond-async" };

let primary: Postgres;
let standby: Postgres;
/** URL in which the standby comes first, so that an order alone finds no primary. */
let url: string;

beforeAll(async () => {
  primary = await Postgres.start();
  standby = await primary.standby();
  const hosts = `127.0.0.1:${standby.port},127.0.0.1:${primary.port}`;
  url = `postgres://app:${primary.password}@${hosts}/app?target_session_attrs=read-write`;
});
afterAll(async () => {
  await standby.stop();
  await primary.stop();
});

describe("a store with two hosts", () => {
  it("is used where it takes writes, by statements and notices, before and after a failover", async () => {
    const plane = new ControlPlane(await openStore(url));
    const { services, tenant } = plane.serve();
    services.start();
    await until(() => plane.store.notices.connected);
    const ran = new Map<string, number>();
    let hold = true;
    let end = (): void => {};
    const held = new Promise<void>((resolve) => {
      end = resolve;
    });
    plane.behave = async (job) => {
      ran.set(job.code, (ran.get(job.code) ?? 0) + 1);
      if (job.code.includes("held") && hold) await held;
      return { result: 1 };
    };
    const { post, get, send } = await tenant("acme", { concurrency: 4 });
    expect((await post("/execute", RUN)).status).toBe(200);
    // One that waits in the store, behind one that runs during the failover.
    const jobs: string[] = [];
    for (const mark of ["held", "next"]) {
      const accepted = await post("/execute", { ...RUN, code: `${RUN.code} // ${mark}` }, ASYNC);
      expect(accepted.status).toBe(202);
      jobs.push((await accepted.json()).id);
    }
    await until(() => [...ran.keys()].some((code) => code.includes("held")));

    // Requests one after another, so that the tenant keeps its places at this server.
    let served = 1;
    let isOver = false;
    const callers = [1, 2].map(async () => {
      for (; !isOver; await sleep(20)) {
        if ((await post("/execute", RUN)).status === 200) served += 1;
      }
    });
    onTestFinished(() => {
      isOver = true;
    });
    await until(() => served > 20);
    await primary.crash();
    await until(() => !plane.store.notices.connected);
    // Known callers are served on the places they have, and nothing new is granted.
    const before = served;
    await until(() => served >= before + 10);
    expect((await post("/execute", RUN, ASYNC)).status).toBe(503);
    await expect(plane.store.ping()).rejects.toThrow();

    isOver = true;
    await Promise.all(callers);

    await standby.promote();
    hold = false;
    end();
    await until(() =>
      plane.store.ping().then(
        () => true,
        () => false,
      ),
    );
    await until(() => plane.store.notices.connected);
    for (const id of jobs) {
      await until(async () => {
        const answer = await send(`/jobs/${id}`);
        return answer.status === 200 && (await answer.json()).status === "done";
      });
    }
    // Each row is there, also of those that ran while there was no store.
    await until(async () => (await get("/tenant")).used.executions >= served + jobs.length);
    expect((await post("/execute", RUN, ASYNC)).status).toBe(202);
    services.goneTenants.close();
    await plane.close();
  });

  it("is not used where it only reads", async () => {
    // Control: the same connection by its first host alone.
    const { hosts, ...options } = connectionOptions(url.replace(/,[^/]*/, ""));
    expect(hosts).toHaveLength(1);
    const none = `127.0.0.1:${primary.port},127.0.0.1:${primary.port}`;
    const away = connectionOptions(url.replace(/@[^/]*/, `@${none}`));
    await expect(new StoreClient(away).connect()).rejects.toThrow("ECONNREFUSED");
    await standby.query("alter role app set default_transaction_read_only = on");
    const two = connectionOptions(url);
    await expect(new StoreClient(two).connect()).rejects.toThrow(/takes writes|ECONNREFUSED/);
    const one = new StoreClient({ ...options, hosts });
    await one.connect();
    await one.end();
  });
});
