/**
 * Exports the database tool as a module of its own: few jobs use it, and it exceeds the runner's
 * size.
 */
export { MODULES } from "../../src/database-tool/modules.ts";
export { openDatabase } from "../../src/database-tool/open-database.ts";
