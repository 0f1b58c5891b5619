import { afterAll, beforeAll, expect, it } from "vitest";
import { loadSchemas } from "../../src/tools/database/load-schemas.ts";
import { DatabaseSandboxes } from "../helpers/database.ts";
import { Postgres } from "../helpers/postgres.ts";

let server: Postgres;
let sandboxes: DatabaseSandboxes;
let schemas: string | undefined;
beforeAll(async () => {
  server = await Postgres.start();
  sandboxes = await DatabaseSandboxes.create(server.url());
  schemas = (await loadSchemas()).text;
});
afterAll(async () => {
  await sandboxes?.close();
  await server?.stop();
});

const cases = [
  `export default () => db.users.findMany({ orderBy: { id: "asc" } })`,
  `import { eq } from "drizzle-orm"; export default () => db.users.select().where(eq(db.users.name, "Bob"))`,
  `export default () => db.query.select({ n: db.operators.count() }).from(db.users)`,
  `export default () => db.query.query.posts.findMany({ with: { author: true } })`,
  `export default () => db.nope.select()`,
  `export default () => db.execute(db.operators.sql\`select * from nope\`)`,
  `export default async () => { try { await db.users.insert({name: "x", email: "bob@example.com"}) } catch (e) { return {...e, name: e.name, message: e.message, stack: e.stack } } }`,
  `export default () => db.transaction(async (tx) => { await tx.users.insert({name: "y", email: "y"}); return tx.users.findMany({where: {email: ["y", "alice@example.com"]}}) })`,
  `export default async () => { try { await db.transaction(async (tx) => { await tx.users.delete().where(db.operators.eq(db.users.email, "y")); throw new Error("no") }) } catch (e) { return [e.message, await db.users.findFirst({ where: { email: "y" }})] } }`,
  `export default () => db.transaction(async (tx) => db.users.findMany())`,
  `export default async () => { try { await db.execute(db.operators.sql\`select pg_terminate_backend(pg_backend_pid())\`) } catch (e) { return [e.message, await db.users.findMany({limit: 1})] } }`,
  `export default async () => { try { await db.transaction(async (tx) => { await tx.execute(db.operators.sql\`select pg_terminate_backend(pg_backend_pid())\`) }) } catch (e) { return [e.message, await db.users.findMany({limit: 1})] } }`,
  `export default () => db.users.findMany({ where: { name: "a\\0b" } })`,
  `export default () => db.execute(db.operators.sql.raw("select 1; select 2"))`,
  `export default () => db.execute(db.operators.sql.raw("select '\\0'"))`,
  `export default () => db.execute(db.operators.sql\`select \${new Date(0)}::timestamptz as at, array['a', null, 'b c'] as t, array[1,2] as n, array[true] as b, 1::int8 as i\`)`,
  `export default () => db.execute(db.operators.sql\`select g from generate_series(1, 2000) g\`)`,
  `export default async () => { db.execute(db.operators.sql\`select * from nope\`).execute(); await new Promise(r => setTimeout(r, 200)); return 1 }`,
  `export default async () => { await db.execute(db.operators.sql\`select 1\`); await db.close(); return db.users.findMany() }`,
  `export default () => db.$count(db.users)`,
  `export default () => Promise.all([db.users.findMany({limit: 1}), db.execute(db.operators.sql\`select \${undefined}::text\`).catch(e => e.message), db.users.findMany({limit: 1})])`,
  `export default () => db.query.select().from(db.users).leftJoin(db.posts, db.operators.eq(db.posts.userId, db.users.id))`,
  `export default () => eval("1")`,
];
it.each(cases)("%s", async (code) => {
  const t = performance.now();
  const out = await sandboxes.run(code, { schemas });
  console.log(code, "\n →", Math.round(performance.now() - t), JSON.stringify(out).slice(0, 900));
});
