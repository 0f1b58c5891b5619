import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { performance } from "node:perf_hooks";
import { afterAll, beforeAll, expect, it } from "vitest";
import { StoreUnavailable } from "../../../../../server/store/contract/store-errors.ts";
import { openStore } from "../../../../../server/store/open.ts";
import { storeContract } from "../../../../contract/store-contract.ts";
import { storeDirectory } from "../../../../helpers/store.ts";
import { execution } from "../../../../helpers/store-rows.ts";

let directory = "";

beforeAll(async () => {
  directory = await storeDirectory();
}, 120_000);

afterAll(() => rm(dirname(directory), { recursive: true, force: true }));

storeContract("PGlite", () => openStore(directory));

it("answers for a row that cannot be taken over, and is there for others afterwards", async () => {
  const store = await openStore(directory);
  let schema: object = {};
  for (let level = 0; level < 2_500; level += 1) schema = { schema };
  await store.types.add("nested", { name: "a", description: "", schema, code: "" });
  await expect(store.types.get("nested", "a")).rejects.toBeInstanceOf(StoreUnavailable);
  expect(await store.types.get("other", "a")).toBeUndefined();
  await store.close();
});

it("leaves the loop to requests while it writes", async () => {
  const store = await openStore(directory);
  const rows = Array.from({ length: 1_000 }, () => execution("tenant"));
  const before = performance.eventLoopUtilization();
  await store.executions.record(rows);
  const { utilization } = performance.eventLoopUtilization(before);
  await store.close();
  // In this thread, it would be close to 1.
  expect(utilization).toBeLessThan(0.5);
});
