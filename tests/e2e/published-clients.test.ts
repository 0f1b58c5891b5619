/** Tests the published clients unchanged, as programs of their own, at the usual port. */
import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { TestServer } from "../helpers/server.ts";

const run = promisify(execFile);

const hasRequests = spawnSync("python3", ["-c", "import requests"]).status === 0;

let postgres: Postgres;
let server: TestServer;
beforeAll(async () => {
  postgres = await Postgres.start();
  await postgres.query(
    "insert into users (id, name, email) values (123, 'Carol', 'c@example.com')",
  );
  server = await TestServer.start({ PORT: "8787", DATABASE_URL: postgres.url() });
});
afterAll(async () => {
  await server.dispose();
  await postgres.stop();
});

function published(name: string): string {
  return fileURLToPath(new URL(`../published/${name}`, import.meta.url));
}

it("the TypeScript client finds a user by the database tool", async () => {
  const { stdout } = await run(process.execPath, ["--import", "tsx", published("client.ts")]);
  expect(stdout).toMatch(/^Result: \{ id: 123, name: 'Carol' \}\nDuration: \d+ ms\n$/);
});

it.skipIf(!hasRequests)("the Python client adds numbers up", async () => {
  const { stdout } = await run("python3", [published("client.py")]);
  expect(stdout).toMatch(/^Result: 15\nDuration: \d+ms\n$/);
});
