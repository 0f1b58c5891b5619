/**
 * Tests the database through the library at level `none`, without server and sandbox in between.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { config } from "../../src/config/config.ts";
import { createIsolate, type Isolate } from "../../src/isolate.ts";
import { openKernel } from "../../src/kernel/open.ts";
import type { Tenant } from "../../src/request/tenant.ts";
import { until } from "../contract/engine-contract.ts";

let server: Postgres;
let runDirectory: string;
let isolate: Isolate;
beforeAll(async () => {
  server = await Postgres.start();
  runDirectory = await mkdtemp(join(tmpdir(), "isolate-"));
  const verified = `?sslmode=verify-full&sslrootcert=${server.certificate}`;
  const url = server.url(verified, { host: "localhost" });
  isolate = await createIsolate({ runDirectory, config: { sandbox: "none", db: { url } } });
});
afterAll(async () => {
  await isolate?.close();
  expect(await server.connections()).toBe(0);
  await server?.stop();
  await rm(runDirectory, { recursive: true, force: true });
});

it("has the tables of the default folder, over TLS that is verified", async () => {
  const code = `import { eq } from "drizzle-orm";
    export default async ({ name }) => {
      const [user] = await db.users.select().where(eq(db.users.name, name));
      const { ssl } = (await db.execute("select ssl from pg_stat_ssl where pid = pg_backend_pid()"))[0];
      return [user.email, ssl];
    }`;
  const output = await isolate.execute({ code, input: { name: "Bob" }, tools: ["database"] });
  expect(output).toMatchObject({ ok: true, result: ["bob@example.com", true] });
});

it("is not reached where the certificate names somebody else", async () => {
  const url = server.url(`?sslmode=verify-full&sslrootcert=${server.certificate}`);
  const other = await createIsolate({ runDirectory, config: { sandbox: "none", db: { url } } });
  const code = `export default () => db.execute("select 1").then(() => "connected", (e) => e.message)`;
  const { result } = await other.execute({ code, tools: ["db"] });
  await other.close();
  expect(result).toMatch(/certificate|altnames/i);
});

it("is reached anew by code that is kept, and by nobody in between", async () => {
  const code = `let runs = 0;
    export default async () => {
      runs += 1;
      await db.execute("select 1");
      if (runs === 1) db.transaction(() => new Promise(() => {})).catch(() => {});
      return runs;
    }`;
  for (const runs of [1, 2, 3]) {
    const output = await isolate.execute({ code, tools: ["db"], reuse: "code" });
    expect(output).toMatchObject({ ok: true, result: runs });
    await until(async () => (await server.connections()) === 0);
  }
});

it("has stacks that lead to the code alone", async () => {
  const code = `
    export default async () => {
      await db.execute("select * from nothing");
    }`;
  const { error } = await isolate.execute({ code, tools: ["db"] });
  expect(error?.message).toBe('relation "nothing" does not exist (SQLSTATE 42P01)');
  expect(error?.stack).toMatch(/default \(main\.ts:3:/);
  expect(error?.stack).not.toContain("isolate:database");
});

it("is left behind by an execution that is cut off", async () => {
  const code = `export default () => db.transaction(async (tx) => {
    await tx.users.delete();
    await new Promise(() => {});
  })`;
  const output = await isolate.execute({ code, tools: ["db"], timeout: 1_500 });
  expect(output.error?.name).toBe("TimeoutError");
  await until(async () => (await server.connections("xact_start is not null")) === 0);
  expect(await server.query("select count(*)::int as n from users")).toEqual([{ n: 2 }]);
});

it("is each tenant's own, and with it what is kept for its code", async () => {
  const { kernel, close } = await openKernel({
    config: config({ tenants: true, sandbox: "isolated", db: { url: server.url() } }),
    runDirectory,
    containers: null,
    log: () => {},
  });
  const tenants: Tenant[] = [
    { id: "acme", database: server.url() },
    { id: "other", database: server.url("", { user: "admin" }) },
    { id: "none" },
  ];
  const [acme, other, none] = tenants;
  const code = `let runs = 0;
    export default async () => [(await db.execute("select current_user as me"))[0].me, ++runs]`;
  const run = (tenant: Tenant | undefined) =>
    kernel.execute({ code, tools: ["db"], reuse: "code", timeout: 20_000 }, { tenant });
  try {
    const results = [];
    for (const tenant of [acme, other, acme, other]) results.push((await run(tenant)).result);
    expect(results).toEqual([
      ["app", 1],
      ["admin", 1],
      ["app", 2],
      ["admin", 2],
    ]);
    await expect(run(none)).rejects.toMatchObject({ field: "tools[0]" });
  } finally {
    await close();
  }
});
