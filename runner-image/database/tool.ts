/** The database tool, in a module of its own: few jobs use it, and it is larger than the runner. */
export { MODULES } from "../../src/tools/database/modules.ts";
export { openDatabase } from "../../src/tools/database/open-database.ts";
