import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { drizzle } from "drizzle-orm/pglite";
import { afterAll, expect, it } from "vitest";
import { CASING } from "../../../../../server/store/drizzle/database.ts";
import { drizzleParts } from "../../../../../server/store/drizzle/parts.ts";
import { openDatabase } from "../../../../../server/store/pglite/open-database.ts";
import { Vacuum } from "../../../../../server/store/pglite/vacuum.ts";
import { storeDirectory } from "../../../../helpers/store.ts";

const MB = 1_048_576;
let directory = "";

afterAll(() => rm(dirname(directory), { recursive: true, force: true }));

it("has room used again by who writes and deletes again and again", async () => {
  directory = await storeDirectory();
  const database = await openDatabase(directory);
  const db = drizzle({ client: database, casing: CASING });
  const { resources } = drizzleParts(db, (work) => db.transaction(work), 64 * MB);
  const vacuum = new Vacuum(
    database,
    { reached: false, free: () => 64 * MB },
    { grown: 2 * MB, every: 100 },
  );
  const resource = { locator: "x.org/a.text@1", domain: "x.org", manifest: {} };
  for (let n = 0; n < 9; n += 1) {
    const archive = randomBytes(MB);
    expect(await resources.publish("acme", { ...resource, archive })).toBe("published");
    expect(await resources.delete("acme", resource.locator)).toBe("deleted");
    await sleep(110);
    await vacuum.afterWrite();
  }
  const { rows } = await database.query<{ bytes: number }>(
    "select pg_total_relation_size('isolate.resources')::int as bytes",
  );
  await database.close();
  expect(rows[0]?.bytes).toBeLessThan(6 * MB);
});
