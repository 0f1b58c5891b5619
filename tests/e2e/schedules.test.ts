/** Tests a schedule from its `PUT` to what its code returns in a container, on either store. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { assemble } from "../../server/assemble.ts";
import { createLogger } from "../../server/log/logger.ts";
import { readSettings } from "../../server/settings.ts";
import { openStore } from "../../server/store/open.ts";
import { createClient } from "../../src/client/client.ts";
import { until } from "../contract/engine-contract.ts";
import { SOAK } from "../helpers/soak.ts";

// tests/cluster/ has schedules over PostgreSQL.
const STORES = SOAK ? ["PGlite", "PostgreSQL"] : ["PGlite"];

describe.each(STORES)("a schedule, with a store in %s", (kind) => {
  it("has its function called in a container, and shows what became of it", async () => {
    const directory = await mkdtemp(join(tmpdir(), "isolate-schedules-"));
    const postgres = kind === "PostgreSQL" ? await Postgres.start() : undefined;
    const settings = readSettings({
      ISOLATE_RUN_DIR: join(directory, "run"),
      ISOLATE_STORE_URL: postgres?.url() ?? join(directory, "store"),
      ISOLATE_POOL_MIN: "1",
      ISOLATE_POOL_PREPARED: "0",
    });
    const store = await openStore(settings.store, settings);
    const logger = createLogger({ level: "silent" });
    const server = await assemble({ settings, logger, store: Promise.resolve(store) });
    try {
      const ask: typeof fetch = async (...given) => server.app.request(...(given as [string]));
      const isolate = createClient({ url: "http://localhost", fetch: ask });
      const code = "export default (...args) => [args.length, ...args]";
      await isolate.functions.deploy("f", { code, timeout: 20_000 });
      const put = await isolate.schedules.put("f", "nightly", {
        cron: "0 3 * * *",
        input: { n: 1 },
      });
      expect(put.next).toHaveLength(5);
      expect(put.next[0]).toMatch(/T03:00:00\.000Z$/);
      expect((await isolate.schedules.list("f")).schedules).toEqual([put]);
      const row = await store.schedules.get("default", "f", "nightly");
      if (row === undefined) throw new Error("It is not stored");
      // As if its time had come. Other times than before are due when they say.
      const dueAt = new Date(Math.floor(Date.now() / 1_000) * 1_000 - 1_000);
      await store.schedules.put({ ...row, cron: "0 4 * * *", nextAt: dueAt });
      await isolate.schedules.put("f", "other", { cron: "@yearly", paused: true });
      await until(async () => (await isolate.schedules.runs("f", "nightly")).length > 0);
      const [run, ...others] = await isolate.schedules.runs("f", "nightly");
      expect([run?.outcome, run?.dueAt, others]).toEqual(["accepted", dueAt.toISOString(), []]);
      const { answer } = await isolate.jobs.wait(run?.execution ?? "");
      const context = { schedule: "nightly", dueAt: dueAt.toISOString() };
      expect(answer).toMatchObject({ ok: true, result: [2, { n: 1 }, context] });
      const { via, level, outcome } = await isolate.execution(run?.execution ?? "");
      expect([via, level, outcome]).toEqual(["schedule", "container", "ok"]);
      const metrics = await (await server.app.request("/metrics")).text();
      expect(metrics).toContain('isolate_schedules_served_total{outcome="accepted"} 1');
      expect(metrics).toContain("isolate_schedules_lag_seconds 0");
      await isolate.schedules.delete("f", "nightly");
      await expect(isolate.schedules.get("f", "nightly")).rejects.toMatchObject({
        code: "SCHEDULE_NOT_FOUND",
      });
    } finally {
      await server.close(0);
      await postgres?.stop();
      await rm(directory, { recursive: true });
    }
  });
});
