/** Tests clients as they were published: programs of their own, at the usual port and level. */
import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { REUSING, TestServer } from "../helpers/server.ts";
import { safely } from "../published/programs/failures.ts";
import { fromEditor } from "../published/programs/uses.ts";

const run = promisify(execFile);

const hasRequests = spawnSync("python3", ["-c", "import requests"]).status === 0;

let postgres: Postgres;
let server: TestServer;
beforeAll(async () => {
  postgres = await Postgres.start();
  await postgres.query(
    "insert into users (id, name, email) values (123, 'Carol', 'c@example.com')",
  );
  server = await TestServer.start({ ...REUSING, PORT: "8787", DATABASE_URL: postgres.url() });
});
afterAll(async () => {
  await server.dispose();
  await postgres.stop();
});

function published(name: string): string {
  return fileURLToPath(new URL(`../published/${name}`, import.meta.url));
}

it("the TypeScript client finds a user by the database tool", async () => {
  const { stdout } = await run(process.execPath, [
    "--import",
    "tsx",
    published("programs/client.ts"),
  ]);
  expect(stdout).toMatch(
    /^found \{ id: 123, name: 'Carol' \} in \d+ ms\nrefused: 400 Bad Request\n$/,
  );
});

it.skipIf(!hasRequests)("the Python client adds numbers up", async () => {
  const { stdout } = await run("python3", [published("client.py")]);
  expect(stdout).toMatch(/^added 15 in \d+ ms\nrefused 400\n$/);
});

it("an editor shows the result and the log", async () => {
  await server.ready();
  const text = "export default ({ userId }) => { console.log('user', userId); return userId + 1 }";
  const shown = await fromEditor(`${server.url}/execute`, text);
  expect(shown.result).toBe(124);
  expect(shown.logs).toMatchObject([{ message: "user 123" }]);
});

it("a client tells failures apart by their names", async () => {
  await server.ready();
  expect(await safely(server.url, "export default (x) => x * 2", 21)).toBe(42);
  for (const [code, advice] of [
    ["export const other = 1", "It has no such function"],
    ["export default (x) => x.y.z", "It failed: Cannot read properties of undefined"],
    ["export default () => { for (;;); }", "It takes too long"],
  ] as const) {
    await server.ready();
    await expect(safely(server.url, code, 1)).rejects.toThrow(advice);
  }
});
