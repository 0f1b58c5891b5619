import * as drizzle from "drizzle-orm";

/** A use of `db` at every level. Its schemas are users and posts, and there are two users. */
export interface DatabaseCase {
  readonly title: string;
  readonly code: string;
  readonly result?: unknown;
  /** Expected fault of the execution: its name, and a part of its message. */
  readonly fault?: readonly [name: string, message: RegExp];
}

const names = "(rows) => rows.map(({ name }) => name)";

export const QUERIES: readonly DatabaseCase[] = [
  {
    title: "selects by a condition that Drizzle makes, imported or not",
    code: `import { eq } from "drizzle-orm";
      import { PgTable } from "drizzle-orm/pg-core";
      export default async () => {
        const { operators, users } = db;
        const rows = await users.select().where(eq(users.name, "Bob"));
        const again = await users.select({ mail: users.email }).where(operators.like(users.name, "A%"));
        return [rows.length, rows[0].id, again, operators.eq === eq, users instanceof PgTable];
      }`,
    result: [1, 2, [{ mail: "alice@example.com" }], true, true],
  },
  {
    title: "has all that the package exports among its operators",
    code: `import * as drizzle from "drizzle-orm";
      import { between, sql } from "drizzle-orm";
      export default async () => {
        const { operators } = db;
        const others = Object.keys(drizzle).filter((name) => operators[name] !== drizzle[name]);
        const { getTableColumns, sumDistinct, cosineDistance, notExists } = operators;
        const [{ sum }] = await db.query.select({ sum: sumDistinct(db.users.id) }).from(db.users);
        const rows = await db.users.select().where(notExists(sql\`(select 1 where false)\`));
        return [others, Object.keys(operators).sort().join(), Object.keys(getTableColumns(db.users)).length,
          sum, rows.length, typeof cosineDistance, operators.between === between];
      }`,
    result: [[], Object.keys(drizzle).sort().join(), 5, "3", 2, "function", true],
  },
  {
    title: "inserts, updates and deletes",
    code: `export default async () => {
      const { eq } = db.operators;
      const [{ id }] = await db.users.insert({ name: "Cy", email: "cy@example.com" }).returning();
      await db.users.update({ name: "Cyd" }).where(eq(db.users.id, id));
      const { name, createdAt } = await db.users.findUnique({ where: { id } });
      await db.users.delete().where(eq(db.users.id, id));
      return [name, createdAt instanceof Date, await db.users.findUnique({ where: { id } })];
    }`,
    result: ["Cyd", true, null],
  },
  {
    title: "finds by plain objects",
    code: `const names = ${names};
      export default async () => {
        await db.posts.insert([{ title: "a", userId: 1 }, { title: "b" }, { title: "c", userId: 2 }]);
        const titles = async (where) => (await db.posts.findMany({ where, orderBy: { title: "desc" } }))
          .map(({ title }) => title).join("");
        return [
          names(await db.users.findMany({ orderBy: { name: "desc" } })),
          names(await db.users.findMany({ orderBy: db.users.id, limit: 1, offset: 1 })),
          (await db.users.findFirst({ where: { name: "Bob", id: 2 } })).email,
          await titles({ userId: null }), await titles({ userId: [1, null] }), await titles({ userId: [] }),
          await titles({ userId: [1, 2] }), await titles(db.operators.gt(db.posts.userId, 1)),
        ];
      }`,
    result: [["Bob", "Alice"], ["Bob"], "bob@example.com", "b", "ba", "", "ca", "c"],
  },
  {
    title: "is Drizzle, with its relations",
    code: `export default async () => {
      await db.posts.insert({ title: "Hi", userId: 1 });
      const [post] = await db.query.query.posts.findMany({ with: { author: true } });
      const n = await db.query.select({ n: db.operators.count() }).from(db.users);
      const [joined] = await db.db.select().from(db.posts)
        .innerJoin(db.users, db.operators.eq(db.posts.userId, db.users.id));
      return [post.author.name, n, joined.users.name, await db.$count(db.users)];
    }`,
    result: ["Alice", [{ n: 2 }], "Alice", 2],
  },
  {
    title: "has values as JavaScript's, dates and arrays included",
    code: `export default async () => {
      const { sql } = db.operators;
      const [row] = await db.execute(sql\`select \${new Date(0)}::timestamptz = to_timestamp(0) as same,
        array['a', null, 'NULL', 'b,NULL,c'] as t, array[[1, 2], [3, 4]] as n, array[true] as b, 5::int8 as i\`);
      return row;
    }`,
    result: {
      same: true,
      t: ["a", null, "NULL", "b,NULL,c"],
      n: [
        [1, 2],
        [3, 4],
      ],
      b: [true],
      i: "5",
    },
  },
  {
    title: "cannot be changed, and says what there is",
    code: `export default () => {
      const refusal = (call) => { try { call(); return "none"; } catch (e) { return e.message; } };
      return [
        db.tables,
        refusal(() => { db.users = 1; }).length > 4,
        refusal(() => { db.users.select = 1; }).length > 4,
        refusal(() => db.usres.select()),
        "usres" in db,
        Object.isFrozen(db.operators),
      ];
    }`,
    result: [
      ["posts", "users"],
      true,
      true,
      'The database has no table "usres"; there is posts, users',
      false,
      true,
    ],
  },
  {
    title: "refuses options that cannot be meant",
    code: `export default async () => {
      const refusal = (options, find = "findMany") => db.users[find](options).then(() => "none", (e) => e.message);
      return Promise.all([
        refusal({ where: { nmae: "Bob" } }),
        refusal({ where: { id: undefined } }),
        refusal({ where: { id: { gt: 1 } } }),
        refusal({ include: {} }),
        refusal({ limit: -1 }),
        refusal({ orderBy: { id: "up" } }),
        refusal({}, "findUnique"),
        refusal({ where: { id: [1, 2] } }, "findUnique"),
      ]);
    }`,
    result: [
      'Table "users" has no column "nmae"; there is id, name, email, active, createdAt',
      "where.id is undefined",
      "where.id is an object: for more than equality, use db.operators",
      'Unknown option "include"; there is where, limit, offset, orderBy',
      '"limit" is a whole number from 0 on, not -1',
      'orderBy.id is "asc" or "desc", not up',
      'findUnique() needs a "where"',
      'More than one row of "users" is like that',
    ],
  },
];

export const TRANSACTIONS: readonly DatabaseCase[] = [
  {
    title: "commits, or rolls back what its function threw",
    code: `const names = ${names};
      export default async () => {
        const insert = (name) => (tx) => tx.users.insert({ name, email: name });
        await db.transaction(insert("C"));
        const thrown = await db.transaction(async (tx) => {
          await insert("D")(tx);
          await tx.transaction(insert("E"));
          throw new RangeError("no");
        }).catch((e) => e.name);
        const kept = await db.transaction(async (tx) => {
          await tx.transaction(async (inner) => { await insert("F")(inner); inner.rollback(); }).catch(() => {});
          await tx.insert(db.users).values({ name: "G", email: "G" });
          return tx.tables.length;
        });
        return [thrown, kept, names(await db.users.findMany({ orderBy: { id: "asc" } }))];
      }`,
    result: ["RangeError", 2, ["Alice", "Bob", "C", "G"]],
  },
  {
    title: "fails if a statement within has, whoever caught that",
    code: `export default () => db.transaction(async (tx) => {
      await tx.execute("select * from nothing").catch(() => {});
    })`,
    fault: ["DatabaseError", /^relation "nothing" does not exist \(SQLSTATE 42P01\)$/],
  },
  {
    title: "is over at its end, and lets nothing in afterwards",
    code: `export default async () => {
      let left;
      const found = await db.transaction(async (tx) => {
        left = tx;
        return (await tx.users.findMany()).length;
      });
      return [found, await left.users.delete().catch((e) => e.code), await db.$count(db.users)];
    }`,
    result: [2, "25P01", 2],
  },
  {
    title: "is waited for by close()",
    code: `export default async () => {
      const found = db.transaction(async (tx) => {
        await tx.execute("select pg_sleep(0.1)");
        return (await tx.users.findMany()).length;
      });
      await db.close();
      return found;
    }`,
    result: 2,
  },
  {
    title: "keeps others' statements out, and says so to its own code",
    code: `export default async () => {
      const said = [];
      const transaction = db.transaction(async (tx) => {
        said.push(await db.users.findMany().catch((e) => e.message));
        await tx.users.delete();
        await tx.execute("select pg_sleep(0.1)");
        tx.rollback();
      });
      const outside = db.users.findMany().then((rows) => said.push(rows.length));
      await Promise.allSettled([transaction, outside]);
      return said;
    }`,
    result: ['Within a transaction, use the "tx" it hands over instead of "db"', 2],
  },
];

export const FAILURES: readonly DatabaseCase[] = [
  {
    title: "tells what the server said, and where it was asked",
    code: `export default async () => {
      try { await db.users.insert({ name: "x", email: "bob@example.com" }); } catch (e) {
        const { name, message, code, constraint, table, detail } = e;
        return { name, message, code, constraint, table, detail, here: e.stack.includes("at async default") };
      }
    }`,
    result: {
      name: "DatabaseError",
      message: 'duplicate key value violates unique constraint "users_email_key" (SQLSTATE 23505)',
      code: "23505",
      constraint: "users_email_key",
      table: "users",
      detail: "Key (email)=(bob@example.com) already exists.",
      here: true,
    },
  },
  {
    title: "takes one statement at a time",
    code: `export default () => db.execute("select 1; drop table posts")`,
    fault: ["DatabaseError", /SQLSTATE 42601/],
  },
  {
    title: "survives NUL in a value and in a query",
    code: `export default async () => {
      const code = (query) => query.then(() => "none", (e) => e.code);
      return [
        await code(db.users.findMany({ where: { name: "a\\0b" } })),
        await code(db.execute("select '\\0'")),
        await code(db.users.findMany()),
      ];
    }`,
    result: ["22021", "22021", "none"],
  },
  {
    title: "says why a connection was lost, and makes another",
    code: `export default async () => {
      const end = "select pg_terminate_backend(pg_backend_pid())";
      const code = (query) => query.then(() => "none", (e) => e.code);
      return [
        await code(db.execute(end)),
        await code(db.users.findMany()),
        await code(db.transaction((tx) => tx.execute(end))),
        await code(db.transaction(async (tx) => {
          await tx.execute(end).catch(() => {});
          await tx.users.delete();
        })),
        (await db.users.findMany()).length,
      ];
    }`,
    result: ["57P01", "none", "57P01", "08006", 2],
  },
  {
    title: "fails the execution for a query nobody awaits, and goes on",
    code: `export default async () => {
      db.users.insert({ name: "x", email: "bob@example.com" }).execute();
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    }`,
    fault: ["DatabaseError", /SQLSTATE 23505/],
  },
  {
    title: "is at an end when it is closed",
    code: `export default async () => {
      await db.users.findMany();
      await db.close();
      return db.users.findMany();
    }`,
    fault: ["DatabaseError", /has been closed \(SQLSTATE 08003\)/],
  },
];
