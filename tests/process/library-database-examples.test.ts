/** Tests the published examples of the database tool through the library, at each level. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { createIsolate, type Isolate } from "../../src/isolate.ts";
import { publishedDatabase } from "../contract/published-database.ts";

let postgres: Postgres;
let runDirectory: string;
let isolate: Isolate;
beforeAll(async () => {
  postgres = await Postgres.start();
  runDirectory = await mkdtemp(join(tmpdir(), "isolate-"));
  isolate = await createIsolate({
    config: { db: { url: postgres.url() } },
    containers: true,
    trusted: true,
    runDirectory,
  });
});
beforeEach(() => postgres.reset());
afterAll(async () => {
  await isolate?.close();
  expect(await postgres.connections()).toBe(0);
  await postgres?.stop();
  await rm(runDirectory, { recursive: true, force: true });
});

describe.each(["none", "isolated", "container"] as const)("at level %s", (sandbox) => {
  // HTTP runs all of them at the other two.
  publishedDatabase((request) => isolate.execute({ ...request, sandbox }), {
    sampled: sandbox !== "none",
  });
});
