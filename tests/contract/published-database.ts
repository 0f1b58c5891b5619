import { expect, it } from "vitest";
import type { ExecuteRequest, Output } from "../../src/request/types.ts";
import { sample } from "./case-choice.ts";

type Execute = (request: ExecuteRequest) => Promise<Output>;

interface Example {
  readonly title: string;
  readonly code: string;
  readonly input?: unknown;
  readonly tools?: readonly string[];
  readonly result: unknown;
}

/** Examples that the tool's users were shown. There are two users, Alice and Bob, and no post. */
const EXAMPLES: readonly Example[] = [
  {
    title: "some rows, and a part of each",
    code: `export default async function () {
      const users = await db.users.select().limit(10);
      return { total: users.length, users: users.map((u) => ({ id: u.id, name: u.name })) };
    }`,
    result: {
      total: 2,
      users: [
        { id: 1, name: "Alice" },
        { id: 2, name: "Bob" },
      ],
    },
  },
  {
    title: "three tools at once",
    code: `export default async function (userId) {
      const [user] = await db.users.select().limit(1);
      const sessionId = crypto.randomUUID();
      channel.emit("user:login", { userId, sessionId });
      return { user: user?.name, sessionId };
    }`,
    input: 123,
    tools: ["crypto", "channel", "db"],
    result: { user: "Alice", sessionId: expect.stringMatching(/^[\da-f-]{36}$/) },
  },
  {
    title: "what an object asks for",
    code: `export default async () => {
      const users = await db.users.findMany({ where: { active: true }, limit: 10 });
      return users.length;
    }`,
    result: 2,
  },
  {
    title: "those that are no longer active",
    code: `export default async () => {
      await db.users.update({ active: false }).where(db.operators.eq(db.users.name, "Bob"));
      const find = (active) => db.users.findMany({ where: { active } });
      return [await find(true), await find(false)].map((rows) => rows.map(({ name }) => name));
    }`,
    result: [["Alice"], ["Bob"]],
  },
  {
    title: "all rows, and those of a condition",
    code: `export default async () => {
      const all = await db.users.select();
      const { eq } = await import("drizzle-orm");
      return [all.length, (await db.users.select().where(eq(db.users.id, 1)))[0].email];
    }`,
    result: [2, "alice@example.com"],
  },
  {
    title: "a row of the input",
    code: `export default async ({ name, email }) => (await db.users.insert({ name, email }).returning())[0]`,
    input: { name: "Carol", email: "carol@example.com" },
    result: expect.objectContaining({ id: 3, name: "Carol" }),
  },
  {
    title: "a row that is changed",
    code: `export default async ({ id, name }) => {
      const { eq } = await import("drizzle-orm");
      const updated = await db.users.update({ name }).where(eq(db.users.id, id)).returning();
      return updated[0].name;
    }`,
    input: { id: 2, name: "Robert" },
    result: "Robert",
  },
  {
    title: "a row that is removed",
    code: `export default async (id) => {
      const { eq } = await import("drizzle-orm");
      await db.users.delete().where(eq(db.users.id, id));
      return { success: true, left: (await db.users.select()).length };
    }`,
    input: 2,
    result: { success: true, left: 1 },
  },
  {
    title: "a join, grouped",
    code: `export default async () => {
      const { eq, sql } = await import("drizzle-orm");
      await db.posts.insert([{ title: "a", userId: 1 }, { title: "b", userId: 1 }]);
      return db.db
        .select({ name: db.users.name, posts: sql\`count(\${db.posts.id})::int\` })
        .from(db.users)
        .leftJoin(db.posts, eq(db.users.id, db.posts.userId))
        .groupBy(db.users.id)
        .having(sql\`count(\${db.posts.id}) > 0\`);
    }`,
    result: [{ name: "Alice", posts: 2 }],
  },
  {
    title: "operators, imported all at once",
    code: `export default async () => {
      const { eq, and, or, like, gt, gte, lt, lte, inArray, sql } = await import("drizzle-orm");
      const { id, name, createdAt } = db.users;
      const where = and(or(eq(id, 1), inArray(id, [2])), like(name, "%"), gt(createdAt, new Date(0)));
      const rows = await db.users.select().where(and(where, gte(id, 1), lte(id, 2), lt(id, sql\`2\`)));
      return rows.map((row) => row.name);
    }`,
    result: ["Alice"],
  },
  {
    title: "Drizzle as it is, by the operators at hand",
    code: `export default async (data) => {
      const { eq } = db.operators;
      const [made] = await db.query.insert(db.users).values(data).returning();
      return [made.name, (await db.query.select().from(db.users).where(eq(db.users.id, 1)))[0].name];
    }`,
    input: { name: "Dave", email: "dave@example.com" },
    result: ["Dave", "Alice"],
  },
  {
    title: "a transaction, the tables' names, and the end",
    code: `export default async () => {
      await db.transaction(async (tx) => {
        await tx.update(db.users).set({ name: "X" });
      });
      const names = (await db.users.select()).map(({ name }) => name);
      await db.close();
      return [db.tables, names];
    }`,
    result: [
      ["posts", "users"],
      ["X", "X"],
    ],
  },
];

/**
 * Runs the published examples of the database tool, each with the first state of the tables. `sampled`: a further way to
 * the same runner, for which another proves the rest.
 */
export function publishedDatabase(execute: Execute, { sampled = false } = {}): void {
  it.each(sampled ? sample(EXAMPLES) : EXAMPLES)(
    "$title",
    async ({ code, input, tools = ["database"], result }) => {
      const request = {
        code,
        tools: [...tools],
        timeout: 15_000,
        ...(input !== undefined && { input }),
      };
      expect(await execute(request)).toMatchObject({ ok: true, result });
    },
  );
}
