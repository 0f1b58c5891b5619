import { getTableColumns, is, Relations } from "drizzle-orm";
import { isPgEnum, PgTable } from "drizzle-orm/pg-core";
import { evaluate } from "../common/evaluate.ts";
import { MODULES } from "./modules.ts";
import { SURFACE_NAMES } from "./surface.ts";
import { TABLE_NAMES } from "./table.ts";

const NAMELESS = "A table needs a name to be exported by: it has only a default export";

/** Evaluates a schema's module and returns its exports. */
type Load = () => Readonly<Record<string, unknown>>;

/** Reads the modules in a bundle of schemas: file name → module. */
export function schemaModules(text: string): ReadonlyMap<string, Load> {
  const { files } = evaluate(text, "schemas", MODULES) as { files: [string, Load][] };
  return new Map(files);
}

/** Collects the tables and relations that Drizzle gets, by the names of their exports. */
export class Schema {
  readonly tables = new Map<string, PgTable>();
  /** Relations and tables. */
  readonly all: Record<string, unknown> = {};
  readonly #origins = new Map<string, string>();

  /**
   * Adds the exports of a module.
   *
   * @throws {Error} If it exports nothing usable, or a name that is taken.
   */
  add(file: string, exported: Readonly<Record<string, unknown>>): void {
    let found = false;
    for (const [name, value] of Object.entries(exported)) {
      const isTable = is(value, PgTable);
      found ||= isTable || is(value, Relations) || isPgEnum(value);
      if (name === "default" || (!isTable && !is(value, Relations))) continue;
      const origin = this.#origins.get(name);
      // A module may re-export a table of another one.
      if (origin !== undefined && this.all[name] !== value) {
        throw new Error(`"${name}" is exported by ${origin}, too`);
      }
      this.#origins.set(name, file);
      this.all[name] = value;
      if (!isTable) continue;
      checkNames(name, value);
      this.tables.set(name, value);
    }
    if (!found) throw new Error("It exports no table, relations or enum");
    if (Object.keys(exported).join() === "default") throw new Error(NAMELESS);
  }
}

/** Refuses names that would hide a part of the tool, or that the tool would hide. */
function checkNames(name: string, table: PgTable): void {
  if (SURFACE_NAMES.includes(name)) {
    throw new Error(`"db.${name}" is not for a table: export it by another name`);
  }
  for (const column of Object.keys(getTableColumns(table))) {
    if (!TABLE_NAMES.includes(column)) continue;
    const what = `"db.${name}.${column}" is not for a column`;
    throw new Error(`${what}: give it another name, and keep the one in the database`);
  }
}
