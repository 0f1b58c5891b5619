/** Exports the database tool as its own module, because few jobs use it and it is large. */
export { MODULES } from "../../src/database-tool/modules.ts";
export { openDatabase } from "../../src/database-tool/open-database.ts";
