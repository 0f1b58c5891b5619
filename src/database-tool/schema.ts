import { getTableColumns, is, Relations } from "drizzle-orm";
import { isPgEnum, PgTable } from "drizzle-orm/pg-core";
import { evaluate } from "../common/evaluate.ts";
import { MODULES } from "./modules.ts";
import { SURFACE_NAMES } from "./surface.ts";
import { TABLE_NAMES } from "./table.ts";

const NAMELESS = "A table needs a name to be exported by: it has only a default export";

/** A schema's module, evaluated when it is called. */
type Load = () => Readonly<Record<string, unknown>>;

/** The modules in a bundle of schemas, by their file names. */
export function schemaModules(text: string): ReadonlyMap<string, Load> {
  const { files } = evaluate(text, "schemas", MODULES) as { files: [string, Load][] };
  return new Map(files);
}

/** What Drizzle is told of a database: tables and their relations, by the names of the exports. */
export class Schema {
  readonly tables = new Map<string, PgTable>();
  /** Relations and tables. */
  readonly all: Record<string, unknown> = {};
  readonly #origins = new Map<string, string>();

  /** Takes in what a module exports. Throws an Error for nothing, or for a name that is taken. */
  add(file: string, exported: Readonly<Record<string, unknown>>): void {
    let found = false;
    for (const [name, value] of Object.entries(exported)) {
      const isTable = is(value, PgTable);
      found ||= isTable || is(value, Relations) || isPgEnum(value);
      if (name === "default" || (!isTable && !is(value, Relations))) continue;
      const origin = this.#origins.get(name);
      // A module may hand on what is another's.
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

/** What would hide a part of the tool, or be hidden by it. */
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
