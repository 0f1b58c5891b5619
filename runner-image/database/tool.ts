/** The database tool, in a module of its own: few jobs use it, and it is larger than the runner. */
export { MODULES } from "../../src/database-tool/modules.ts";
export { openDatabase } from "../../src/database-tool/open-database.ts";
