/**
 * Program for Deno that packs a directory of its caches: `pack.js DIRECTORY FROM TO`. It folds the
 * log of each database into its file, so that the file can be used by those who may not write. What
 * belongs to a module below the URL `FROM` is there a second time, below `TO`.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** The part of `node:sqlite` used here. */
interface Sqlite {
  readonly DatabaseSync: new (
    path: string,
  ) => {
    exec(sql: string): void;
    prepare(sql: string): {
      all(...values: readonly string[]): Record<string, unknown>[];
      run(...values: readonly string[]): void;
    };
    close(): void;
  };
}

/** Modules that no other process loads under the same name: those of the runner's own jobs. */
const OWN = ["blob:%", "file:///prepared-%", "file:///main.ts"];
/** Databases that Deno makes beside those that are used. */
const PARTS = /-(wal|shm)$/;

const [directory = "", from = "", to = ""] = process.argv.slice(2);
const { DatabaseSync } = process.getBuiltinModule("node:sqlite") as unknown as Sqlite;

for (const entry of readdirSync(directory, { withFileTypes: true })) {
  if (entry.isFile() && !PARTS.test(entry.name)) pack(join(directory, entry.name));
}

function pack(path: string): void {
  const database = new DatabaseSync(path);
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  for (const { name } of tables) {
    const columns = database
      .prepare("SELECT name FROM pragma_table_info(?)")
      .all(String(name))
      .map((column) => String(column.name));
    if (!columns.includes("specifier")) continue;
    for (const own of OWN) {
      database.prepare(`DELETE FROM "${name}" WHERE specifier LIKE ?`).run(own);
    }
    const copied = columns.map((column) =>
      column === "specifier" ? "replace(specifier, ?1, ?2)" : `"${column}"`,
    );
    database
      .prepare(
        `INSERT OR REPLACE INTO "${name}" (${columns.map((column) => `"${column}"`).join(", ")})
         SELECT ${copied.join(", ")} FROM "${name}" WHERE substr(specifier, 1, length(?1)) = ?1`,
      )
      .run(from, to);
  }
  // Deno asks for statistics when it opens a database. It would have to write those that are missing.
  database.exec("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE);");
  database.close();
}
