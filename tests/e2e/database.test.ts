/**
 * Tests the database tool over HTTP, in containers, on a real server. No answer may reveal secrets.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import type { Output } from "../../src/request/types.ts";
import { provedElsewhere } from "../contract/case-choice.ts";
import { until } from "../contract/engine-contract.ts";
import { publishedDatabase } from "../contract/published-database.ts";
import { TestServer } from "../helpers/server.ts";
import { SOAK } from "../helpers/soak.ts";

/** Number of rounds, of ten executions each. */
const ROUNDS = SOAK ? 20 : 2;

let postgres: Postgres;
let server: TestServer;
beforeAll(async () => {
  postgres = await Postgres.start();
  server = await TestServer.start({
    DATABASE_URL: postgres.url("?sslmode=require"),
    ISOLATE_DATABASE_ROWS: "1000",
    ISOLATE_POOL_MAX: "6",
  });
  await until(() => server.log.includes("egress proxy is ready"));
});
afterAll(async () => {
  await server.stop();
  expect(await postgres.connections()).toBe(0);
  await postgres.stop();
});
beforeEach(() => postgres.reset());

async function execute(code: string, more: object = {}): Promise<Output> {
  const response = await server.post({ code, tools: ["db"], timeout: 15_000, ...more });
  expect(response.status).toBe(200);
  return (await response.json()) as Output;
}

/**
 * Counts connections of code. Spare ones wait for their second statement. The gate keeps one of its
 * own for some time.
 */
const inUse = (): Promise<number> =>
  postgres.connections(
    `application_name <> 'isolate-control'
      and (state <> 'idle' or query not like 'set statement_timeout%' and query <> '')`,
  );

describe.each(["container", "isolated"] as const)("a database at level %s", (sandbox) => {
  const run = (code: string, more: object = {}) => execute(code, { sandbox, ...more });
  // A process runs them all by the same runner and the same proxy.
  const further = provedElsewhere(sandbox === "container");

  describe("as published, gives", () => {
    publishedDatabase(({ code, ...request }) => run(code, request), {
      sampled: sandbox === "container",
    });
  });

  it("is read and written by its tables", async () => {
    const output = await run(
      `import { eq } from "drizzle-orm";
      export default async (name) => {
        const [made] = await db.users.insert({ name, email: name + "@example.com" }).returning();
        await db.posts.insert({ title: "Hello", userId: made.id });
        const found = await db.users.select().where(eq(db.users.name, name)).limit(10);
        return { count: found.length, many: (await db.users.findMany({ limit: 2 })).length };
      }`,
      { input: "Carol" },
    );
    expect(output).toMatchObject({ ok: true, result: { count: 1, many: 2 } });
    expect(await postgres.query("select title from posts")).toEqual([{ title: "Hello" }]);
  });

  further("rolls a transaction back that fails", async () => {
    const output = await run(`export default async () => {
      await db.transaction(async (tx) => {
        await tx.insert(db.users).values({ name: "Dora", email: "dora@example.com" });
        throw new Error("No");
      }).catch((error) => error.message);
      return (await db.users.findMany({ where: { name: "Dora" } })).length;
    }`);
    expect(output).toMatchObject({ ok: true, result: 0 });
  });

  further.each([
    ["an unknown table", `db.db.execute("select * from missing")`, /missing.*42P01/],
    ["a broken statement", `db.db.execute("selec 1")`, /42601/],
    ["two statements in one", `db.db.execute("select 1; select 2")`, /42601/],
    ["NUL in a text", `db.users.insert({ name: "a\\0b", email: "x" })`, /22021/],
    ["a taken name", `db.users.insert({ name: "a", email: "bob@example.com" })`, /23505/],
    ["too many rows", `db.db.execute("select generate_series(1, 1000000)")`, /54000/],
    ["its own end", `db.db.execute("select pg_terminate_backend(pg_backend_pid())")`, /57P01/],
  ])("says of %s what the server says", async (_what, query, message) => {
    const output = await run(`export default () => ${query}`);
    expect(output.ok).toBe(false);
    const [exception] = output.logs ?? [];
    expect(exception).toMatchObject({ level: "exception", name: "DatabaseError" });
    expect(exception?.message).toMatch(message);
    await until(async () => (await inUse()) === 0);
  });

  it("is not queried beyond the deadline", async () => {
    const since = Date.now();
    const output = await run(`export default () => db.db.execute("select pg_sleep(3600)")`, {
      timeout: 1_500,
    });
    expect(output.logs?.[0]?.message).toMatch(/Execution timeout|57014/);
    await until(async () => (await inUse()) === 0);
    // The statement itself would take an hour.
    expect(Date.now() - since).toBeLessThan(120_000);
  });

  further("is reached anew by code that is kept for the next execution", async () => {
    const code = `let runs = 0, before;
      export default async ({ then }) => {
        const [{ pid }] = await db.db.execute("select pg_backend_pid() as pid");
        const isNew = pid !== before;
        before = pid;
        runs += 1;
        if (then === "leave") db.transaction(() => new Promise(() => {})).catch(() => {});
        if (then === "close") await db.close();
        return [runs, isNew];
      }`;
    const results = [];
    for (const then of ["", "leave", "close", ""]) {
      const output = await run(code, { reuse: "code", input: { then } });
      results.push(output.result);
      await until(async () => (await inUse()) === 0);
    }
    expect(results).toEqual([1, 2, 3, 4].map((runs) => [runs, true]));
  });

  it("keeps nothing of a session for the tenant's next execution in the same sandbox", async () => {
    const sameTenant = { reuse: "tenant", reuseKey: sandbox };
    const writer = await run(
      `export default async () => {
        await db.db.execute("select set_config('app.left', 'left', false), pg_advisory_lock(7)");
        await db.db.execute("prepare mine as select 1");
        await db.db.execute("begin");
        const [{ pid }] = await db.db.execute("select pg_backend_pid() as pid");
        return pid;
      }`,
      sameTenant,
    );
    await until(async () => (await inUse()) === 0);
    const read = () =>
      run(
        `export default async (before) => {
        const [left] = await db.db.execute(\`select current_setting('app.left', true) as setting,
          pg_try_advisory_lock(7) as free, pg_backend_pid() as pid,
          (select count(*)::int from pg_prepared_statements where name = 'mine') as prepared\`);
        return { ...left, pid: left.pid === before, setting: left.setting || null };
      }`,
        { ...sameTenant, input: writer.result },
      );
    // A second sandbox serves some of them, while the writer's is being wiped.
    let reused = 0;
    await until(async () => {
      const { result, usage } = await read();
      expect(result).toEqual({ setting: null, free: true, pid: false, prepared: 0 });
      if (usage?.fresh === "worker") reused += 1;
      return reused === 4;
    });
  });

  further("keeps nothing of a transaction that was left open", async () => {
    await run(`export default async () => {
      await db.db.execute("begin");
      await db.users.insert({ name: "Eve", email: "eve@example.com" });
    }`);
    await until(async () => (await inUse()) === 0);
    expect(await postgres.query("select 1 from users where name = 'Eve'")).toEqual([]);
  });
});

describe("the credentials", () => {
  it("are nowhere in a sandbox", async () => {
    const output = await execute(
      `export default async () => {
        await db.users.select().limit(1);
        const seen = [];
        const look = (value, depth) => {
          if (typeof value === "string") seen.push(value);
          if (value === null || depth > 8 || !["object", "function"].includes(typeof value)) return;
          if (known.has(value)) return;
          known.add(value);
          for (let at = value; at !== null; at = Object.getPrototypeOf(at)) {
            for (const key of Reflect.ownKeys(at)) {
              seen.push(String(key));
              try {
                const got = value[key];
                // What a getter rejects with, seen on a prototype.
                if (got instanceof Promise) got.catch(() => {});
                look(got, depth + 1);
              } catch {}
            }
          }
        };
        const known = new Set();
        look(db, 0);
        look(globalThis, 0);
        const tried = [
          () => Deno.env.get("DATABASE_URL"), () => JSON.stringify(Deno.env.toObject()),
          () => Deno.readTextFileSync("/proc/self/environ"), () => Deno.args.join(),
          () => Deno.readTextFileSync("/proc/1/cmdline"), () => process.argv.join(),
          () => [...Deno.readDirSync("/run/isolate")].map(({ name }) => name).join(),
        ];
        for (const attempt of tried) { try { seen.push(String(attempt())); } catch (e) { seen.push(e.message); } }
        const settings = await db.db.execute("select name || setting as s from pg_settings");
        const roles = await db.db.execute("select rolpassword from pg_roles").catch((e) => [e.message]);
        return [...seen, ...settings.map(({ s }) => s), JSON.stringify(roles)].join("\\n");
      }`,
      { timeout: 20_000 },
    );
    expect(output.logs).toBeUndefined();
    const seen = String(output.result);
    expect(seen.length).toBeGreaterThan(10_000);
    expect(seen).toContain("findMany");
    expect(seen).not.toContain(postgres.password);
  });

  it("are in no answer, no plan and no log", async () => {
    const request = { code: "export default () => db.tables", tools: ["database"], explain: true };
    const answer = await (await server.post(request)).text();
    const plan = await (await server.post(request, undefined, "/plan")).text();
    expect(JSON.parse(plan)).toMatchObject({
      permissions: { env: ["DATABASE_URL"], net: [`127.0.0.1:${postgres.port}`] },
      worker: { env: [], net: [] },
      egress: null,
      database: { hosts: [`127.0.0.1:${postgres.port}`] },
    });
    for (const text of [answer, plan, server.log]) expect(text).not.toContain(postgres.password);
  });
});

describe("many executions", () => {
  it("leave no connection behind, in sandboxes old and new", async () => {
    const code = `export default async (n) => (await db.db.execute("select " + n + "::int as n"))[0].n`;
    for (let round = 0; round < ROUNDS; round += 1) {
      const inputs = Array.from({ length: 10 }, (_, index) => round * 10 + index);
      // Replacing a container takes several times as long as replacing a process.
      const levelOf = (input: number) => (SOAK || input % 10 === 0 ? "container" : "isolated");
      const outputs = await Promise.all(
        inputs.map((input) =>
          execute(code, {
            input,
            sandbox: levelOf(input),
            // Half of them run where the same code ran before.
            reuse: input % 4 < 2 ? "never" : "code",
          }),
        ),
      );
      expect(outputs.map(({ result }) => result)).toEqual(inputs);
    }
    await until(async () => (await inUse()) === 0);
    // Only spare connections remain, two each in proxy and server, and one of a gate in each.
    expect(await postgres.connections()).toBeLessThanOrEqual(6);
  }, 600_000);
});

describe("without a database", () => {
  it("refuses the tool by field, and names what is missing", async () => {
    const bare = await TestServer.start({ ISOLATE_ENGINE: "none", DATABASE_URL: "" });
    const response = await bare.post({ code: "export default () => db", tools: ["crypto", "db"] });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: {
        name: "BadRequest",
        field: "tools[1]",
        message: expect.stringMatching(/DATABASE_URL/),
      },
    });
    await bare.stop();
  });

  it("refuses to start for tables that are none, by their file", async () => {
    const schemas = await mkdtemp(join(tmpdir(), "schemas-"));
    await writeFile(join(schemas, "broken.ts"), "export const x = ;");
    const settings = {
      ISOLATE_ENGINE: "none",
      DATABASE_URL: postgres.url(),
      ISOLATE_SCHEMAS: schemas,
    };
    await expect(TestServer.start(settings)).rejects.toThrow(/broken\.ts/);
    await rm(schemas, { recursive: true });
  });
});
