import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadSchemas } from "../../../../src/tools/load-schemas.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "isolate-schemas-"));
});
afterEach(() => rm(folder, { recursive: true }));

const IMPORT = 'import { pgTable, serial, pgEnum } from "drizzle-orm/pg-core";';
const table = (name: string, columns = "id: serial()"): string =>
  `${IMPORT} export const ${name} = pgTable("${name}", { ${columns} });`;

/** Returns the messages of loading the files, without the folder's own path. */
async function load(files: Readonly<Record<string, string>>): Promise<readonly string[] | string> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return loadSchemas(folder).then(
    ({ tables }) => tables,
    (error: Error) => error.message.replaceAll(`${folder}/`, ""),
  );
}

describe("a folder of schemas", () => {
  it("gives the tables of its modules, and takes nothing else for one", async () => {
    const users = `${table("users")} export const helper = 1; export const Kind = pgEnum("kind", ["a"]);`;
    const files = {
      "users.ts": users,
      "posts.js": `import { users } from "./users.ts"; ${table("posts", "by: serial().references(() => users.id)")}`,
      "tags.mjs": table("tags"),
      "kinds.mts": `${IMPORT} export const kinds = pgEnum("kinds", ["a"]);`,
      "README.md": "no module",
      "types.d.ts": "export type A = 1;",
    };
    expect([...(await load(files))].sort()).toEqual(["posts", "tags", "users"]);
  });

  it("may hand on what is another module's", async () => {
    const files = { "a.ts": table("users"), "index.ts": 'export * from "./a.ts";' };
    expect(await load(files)).toEqual(["users"]);
  });

  it("has Drizzle where it is used, and not in its text", async () => {
    await load({ "users.ts": table("users") });
    const { text = "" } = await loadSchemas(folder);
    expect(text).toContain('require("drizzle-orm/pg-core")');
    expect(text.length).toBeLessThan(4_000);
  });

  it("may be missing where nobody has named it", async () => {
    expect(await loadSchemas(join(folder, "none")).catch((error: Error) => error.message)).toMatch(
      /^Bad schema in .*none: ENOENT/,
    );
    const before = process.cwd();
    process.chdir(folder);
    const { tables, text } = await loadSchemas().finally(() => process.chdir(before));
    expect([tables, text]).toEqual([[], undefined]);
  });
});

describe("a bad schema is told by its file", () => {
  it.each<[string, Record<string, string>, RegExp | string]>([
    [
      "does not parse",
      { "a.ts": table("a"), "b.ts": "\nexport const" },
      /^Bad schema in b\.ts: .* \(line 2\)$/,
    ],
    ["throws", { "b.ts": "throw new Error('Oh');" }, "Bad schema in b.ts: Oh"],
    [
      "throws, and is imported by one that sorts before it",
      { "a.ts": `import "./b.ts"; ${table("a")}`, "b.ts": `throw new Error("Oh"); ${table("b")}` },
      "Bad schema in b.ts: Oh",
    ],
    [
      "exports nothing",
      { "a.ts": "export {};" },
      "Bad schema in a.ts: It exports no table, relations or enum",
    ],
    [
      "exports a table by no name",
      { "a.ts": `${IMPORT} export default pgTable("a", {});` },
      "Bad schema in a.ts: A table needs a name to be exported by: it has only a default export",
    ],
    [
      "has a name that is taken",
      { "a.ts": table("users"), "b.ts": table("users") },
      'Bad schema in b.ts: "users" is exported by a.ts, too',
    ],
    [
      "has a table with a name of the tool's",
      { "a.ts": `${IMPORT} export const tables = pgTable("t", {});` },
      'Bad schema in a.ts: "db.tables" is not for a table: export it by another name',
    ],
    [
      "has a column with a name of the tool's",
      { "a.ts": table("users", "select: serial()") },
      'Bad schema in a.ts: "db.users.select" is not for a column: give it another name, and keep the one in the database',
    ],
    [
      "imports what there is not",
      { "a.ts": 'import "no-such-package";' },
      /^Bad schema in a\.ts: Could not resolve "no-such-package"/,
    ],
    [
      "imports from elsewhere",
      { "a.ts": 'import "https://example.com/x.js";' },
      'Bad schema in a.ts: It imports "https://example.com/x.js", which cannot be bundled',
    ],
    [
      "is for another database",
      { "a.ts": 'import { mysqlTable } from "drizzle-orm/mysql-core"; mysqlTable();' },
      /^Bad schema in a\.ts: No sandbox has "drizzle-orm\/mysql-core"; there is drizzle-orm, /,
    ],
  ])("that %s", async (_what, files, message) => {
    const said = await load(files);
    expect(said).toEqual(typeof message === "string" ? message : expect.stringMatching(message));
  });
});
