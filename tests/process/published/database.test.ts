/** Tests the database tool as it was published, beyond the examples of tests/contract. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as drizzle from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Postgres } from "../../../dev/postgres.ts";
import { create, type Isolate } from "../../../src/isolate.ts";

let postgres: Postgres;
let runDirectory: string;
let isolate: Isolate;
beforeAll(async () => {
  postgres = await Postgres.start();
  runDirectory = await mkdtemp(join(tmpdir(), "isolate-"));
  isolate = await create({
    runDirectory,
    trusted: true,
    config: { db: { url: postgres.url() }, timeout: 15_000, cluster: { min: 1 } },
  });
});
beforeEach(() => postgres.reset());
afterAll(async () => {
  await isolate?.close();
  await postgres?.stop();
  await rm(runDirectory, { recursive: true, force: true });
});

describe.each(["isolated", "none"] as const)("the database tool at level %s", (sandbox) => {
  const run = (code: string, input: unknown = null) =>
    isolate.execute({ code, input, tools: ["db"], sandbox });

  it("finds the active users", async () => {
    await postgres.query("update users set active = false where name = 'Bob'");
    const code = `export default async () => {
      const users = await db.users.findMany({ where: { active: true }, limit: 10 });
      return users.map(({ name }) => name);
    }`;
    expect(await run(code)).toMatchObject({ ok: true, result: ["Alice"] });
  });

  it("finds one user, or none", async () => {
    const code = `export default async (id) => {
      const user = await db.users.findUnique({ where: { id } });
      return user ? { id: user.id, name: user.name } : null;
    }`;
    expect(await run(code, 2)).toMatchObject({ ok: true, result: { id: 2, name: "Bob" } });
    expect(await run(code, 99)).toMatchObject({ ok: true, result: null });
  });

  it("finds the first users of an order, page by page", async () => {
    const code = `export default async () => {
      const first = await db.users.findFirst({ orderBy: { name: "desc" } });
      const [second] = await db.users.findMany({ orderBy: { name: "desc" }, limit: 1, offset: 1 });
      return [first.name, second.name];
    }`;
    expect(await run(code)).toMatchObject({ ok: true, result: ["Bob", "Alice"] });
  });

  it("has all of Drizzle's operators at hand", async () => {
    const code = "export default () => Object.keys(db.operators).sort()";
    const { result } = await run(code);
    expect(result).toEqual(Object.keys(drizzle).sort());
  });

  it("compares a column with a date", async () => {
    const code = `export default async (since) => {
      const { and, eq, gt } = await import("drizzle-orm");
      await db.posts.insert({ title: "a", userId: 1 });
      const posts = await db.posts
        .select()
        .where(and(eq(db.posts.userId, 1), gt(db.posts.createdAt, new Date(since))));
      return posts.length;
    }`;
    expect(await run(code, "2024-01-01")).toMatchObject({ ok: true, result: 1 });
    expect(await run(code, "2999-01-01")).toMatchObject({ ok: true, result: 0 });
  });

  it("is the same by its columns and by its tables", async () => {
    const code = `export default async () => {
      const { eq } = db.operators;
      const byTable = await db.users.select().where(eq(db.users.id, 1));
      const byQuery = await db.query.select().from(db.users).where(eq(db.users.id, 1));
      const byClient = await db.db.select().from(db.users).where(eq(db.users.id, 1));
      return [byTable, byQuery, byClient].map(([user]) => user.email).concat(db.tables);
    }`;
    const email = "alice@example.com";
    expect((await run(code)).result).toEqual([email, email, email, "posts", "users"]);
  });

  it("takes a transaction back that throws, and tells why", async () => {
    const code = `export default async (name) => {
      const reason = await db.transaction(async (tx) => {
        await tx.update(db.users).set({ name });
        throw new Error("Not today");
      }).catch(({ message }) => message);
      return [reason, (await db.users.findMany({ where: { name } })).length];
    }`;
    expect(await run(code, "X")).toMatchObject({ ok: true, result: ["Not today", 0] });
  });

  it("cannot be replaced by its code", async () => {
    const code = `export default () => [() => { globalThis.db = 1 }, () => { db.users = 1 }, () => { delete db.query }]
      .map((attempt) => { try { attempt(); return "done" } catch ({ name }) { return name } })`;
    expect((await run(code)).result).toEqual(["TypeError", "TypeError", "TypeError"]);
  });
});

it("a plan shows what the tool reaches, and grants it to nobody", async () => {
  const plan = await isolate.plan({ code: "export default () => 1", tools: ["database"] });
  expect(plan).toMatchObject({
    permissions: { env: ["DATABASE_URL"], net: [`127.0.0.1:${postgres.port}`] },
    worker: { env: [], net: [] },
  });
});

it("without a database the tool is refused by the variable that is missing", async () => {
  const bare = await create({ runDirectory, config: { sandbox: "none" } });
  const refused = bare.execute({ code: "export default () => db", tools: ["db"] });
  await expect(refused).rejects.toMatchObject({
    status: 400,
    field: "tools[0]",
    message: expect.stringContaining("DATABASE_URL"),
  });
  await bare.close();
});
