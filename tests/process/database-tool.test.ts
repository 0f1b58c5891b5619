/**
 * Tests the database tool on a real server: in a Deno Worker behind a gate, and in this process.
 */
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import type { Ending } from "../../src/engines/contract/contract.ts";
import { hintFor } from "../../src/engines/explain/hints.ts";
import { loadSchemas } from "../../src/tools/load-schemas.ts";
import { FAILURES, QUERIES, TRANSACTIONS } from "../contract/database-cases.ts";
import { job, until } from "../contract/engine-contract.ts";
import { type DatabaseRun, DatabaseSandboxes, runInProcess } from "../helpers/database.ts";

let server: Postgres;
let sandboxes: DatabaseSandboxes;
let schemas: string | undefined;
beforeAll(async () => {
  server = await Postgres.start();
  sandboxes = await DatabaseSandboxes.create();
  schemas = (await loadSchemas()).text;
});
beforeEach(() => server.reset());
afterAll(async () => {
  await sandboxes?.close();
  await server?.stop();
});

type Level = (code: string, run?: DatabaseRun) => Promise<Ending>;

const LEVELS: Record<string, Level> = {
  isolated: (code, run) => sandboxes.run(server.url(), code, { schemas, ...run }),
  none: (code, run) => runInProcess(server.url(), code, { schemas, ...run }),
};

const resultOf = (ending: Ending): unknown =>
  ending.type === "result" && ending.text !== undefined ? JSON.parse(ending.text) : ending;

describe("a function that returns nothing", () => {
  it("ends with a statement that nobody awaits, and not with the connection", async () => {
    const code = `export default async () => {
      await db.users.findMany();
      db.users.insert({ name: "Cy", email: "cy@example.com" }).execute();
    }`;
    expect(await sandboxes.run(server.url(), code, { schemas })).toMatchObject({ type: "result" });
    expect(await server.query("select count(*)::int as n from users")).toEqual([{ n: 3 }]);
  });
});

describe.each(Object.entries(LEVELS))("the database at level %s", (_level, run) => {
  it.each([...QUERIES, ...TRANSACTIONS, ...FAILURES])("$title", async (item) => {
    const ending = await run(item.code);
    if (item.fault === undefined) {
      expect(resultOf(ending)).toEqual(item.result);
      return;
    }
    const [name, message] = item.fault;
    expect(ending).toMatchObject({
      type: "error",
      fault: { name, message: expect.stringMatching(message) },
    });
  });

  it("has no tables without schemas, and can be asked all the same", async () => {
    const code = `export default async () => {
      let refusal;
      try { db.users } catch (e) { refusal = e.message; }
      return [db.tables, refusal, (await db.execute("select count(*)::int as n from users"))[0]];
    }`;
    const refusal = 'The database has no table "users"; there are no tables';
    const ending = await run(code, { schemas: undefined });
    expect(resultOf(ending)).toEqual([[], refusal, { n: 2 }]);
  });

  it.each([
    ["rows", { rows: 10, bytes: 1_000_000 }, "The result exceeds 10 rows"],
    ["bytes", { rows: 1_000, bytes: 100 }, "The result exceeds 100 bytes"],
  ])("limits a result's %s, and goes on", async (_what, limits, message) => {
    const code = `export default async () => {
      const many = "select repeat('x', 20) as x from generate_series(1, 100)";
      const { code, message } = await db.execute(many).catch((e) => e);
      return [code, message, (await db.execute("select 1 as n"))[0]];
    }`;
    const ending = await run(code, { limits });
    expect(resultOf(ending)).toEqual(["54000", `${message} (SQLSTATE 54000)`, { n: 1 }]);
  });

  it("ends an open transaction with the execution", async () => {
    const code = `export default async () => {
      let begun;
      const there = new Promise((resolve) => { begun = resolve; });
      db.transaction(async (tx) => {
        await tx.users.delete();
        begun();
        await new Promise(() => {});
      });
      await there;
      return "done";
    }`;
    expect(resultOf(await run(code))).toBe("done");
    await until(async () => (await server.connections("xact_start is not null")) === 0);
    expect(await server.query("select count(*)::int as n from users")).toEqual([{ n: 2 }]);
  });
});

it("is refused once, and not dialled again and again, where somebody hangs up", async () => {
  let dialled = 0;
  const rude = createServer((socket) => {
    dialled += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => rude.listen(0, "127.0.0.1", resolve));
  const { port } = rude.address() as AddressInfo;
  const code = `export default () => db.execute("select 1").catch((e) => e.message)`;
  const ending = await runInProcess(`postgres://app:secret@127.0.0.1:${port}/app`, code, {});
  rude.close();
  expect(resultOf(ending)).toMatch(/^The (database cannot be reached|connection .* was lost)/);
  expect(dialled).toBe(1);
});

describe("a database in a sandbox", () => {
  const isolated = LEVELS.isolated as Level;

  it("shows what is enforced outside of it", async () => {
    const code = `export default () => db.execute("select generate_series(1, 1000)")`;
    const ending = await isolated(code, { outside: { rows: 100, bytes: 1_000_000 } });
    expect(ending).toMatchObject({ fault: { name: "DatabaseError" } });
    expect(ending).toHaveProperty("fault.message", expect.stringContaining("54000"));
  });

  it("has stacks without the tool's own frames", async () => {
    const code = `export default async () => {
      await db.users.findMany({ where: { nobody: 1 } });
    }`;
    const ending = await isolated(code);
    const stack = ending.type === "error" ? ending.fault.stack : undefined;
    expect(stack).toMatch(/ default \(main\.ts:2:/);
    expect(stack).not.toContain("/");
  });

  it("fails a query, and not the sandbox, when nobody is at the socket", async () => {
    const code = `export default async () => [
      await db.execute("select 1").catch((e) => [e.name, e.code, e.message.includes("/")]),
      await db.execute("select 1").catch((e) => e.code),
    ]`;
    const ending = await sandboxes.run(undefined, code);
    expect(resultOf(ending)).toEqual([["DatabaseError", "08001", false], "08001"]);
  });

  it.skipIf(process.getuid?.() === 0)("lets nothing be made in its socket's place", async () => {
    const code = `export default () => Deno.remove("database.sock").catch((error) => error.name)`;
    expect(resultOf(await sandboxes.run(server.url(), code))).toBe("PermissionDenied");
  });

  it("has one copy of Drizzle, whenever it is imported", async () => {
    const code = `import { eq } from "drizzle-orm";
      export default async () => [
        (await import("drizzle-orm")).eq === eq,
        (await import("drizzle-orm/sql")).eq === eq,
        await import("drizzle-orm/mysql-core").catch((e) => e.name),
      ]`;
    expect(resultOf(await isolated(code))).toEqual([true, true, "TypeError"]);
  });

  it("is not there for code that does not name the tool, nor is Drizzle", async () => {
    const global = await sandboxes.runJob(job("export default () => typeof db"));
    const drizzle = await sandboxes.runJob(
      job('import { eq } from "drizzle-orm"; export default () => typeof eq'),
    );
    expect(resultOf(global)).toBe("undefined");
    const fault = drizzle.type === "error" ? drizzle.fault : undefined;
    expect(fault?.message).toMatch(/^Requires read access/);
    expect(fault && hintFor(fault, undefined, "isolated")).toBe('Add "database" to "tools"');
  });
});
