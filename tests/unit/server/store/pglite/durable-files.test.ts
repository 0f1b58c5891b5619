import fs from "node:fs";
import { rm } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { dirname } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { openDatabase } from "../../../../../server/store/pglite/open-database.ts";
import { storeDirectory } from "../../../../helpers/store.ts";

const synced = vi.spyOn(fs, "fsyncSync");
let directory = "";

afterAll(async () => {
  synced.mockRestore();
  syncBuiltinESMExports();
  await rm(dirname(directory), { recursive: true, force: true });
});

it("each commit is on the disk before it is answered", async () => {
  syncBuiltinESMExports();
  directory = await storeDirectory();
  const database = await openDatabase(directory);
  await database.exec("create table things (name text)");
  for (const name of ["a", "b"]) {
    synced.mockClear();
    await database.query("insert into things values ($1)", [name]);
    expect(synced).toHaveBeenCalledOnce();
  }
  synced.mockClear();
  await database.query("checkpoint");
  expect(synced.mock.calls.length).toBeGreaterThan(1);
  await database.close();
});
