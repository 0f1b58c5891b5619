import { inject } from "../../src/common/inject.ts";
import type { DatabaseHandle, DatabaseModule } from "../../src/protocol/database.ts";
import type { ToolUse } from "../../src/protocol/messages.ts";

/** Defines the global `db` for good. Resolves with the connection behind it. */
export async function installDatabase(
  use: ToolUse,
  load: () => Promise<DatabaseModule>,
): Promise<DatabaseHandle> {
  const { openDatabase } = await load();
  const { db, ...access } = openDatabase(use);
  inject(globalThis, "db", db);
  return access;
}
