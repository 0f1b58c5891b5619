import { inject } from "../../src/common/inject.ts";
import type { DatabaseHandle, DatabaseModule } from "../../src/protocol/database.ts";
import type { ToolUse } from "../../src/protocol/messages.ts";

/** Makes `db` global, for good. Resolves with what is behind it. */
export async function installDatabase(
  use: ToolUse,
  load: () => Promise<DatabaseModule>,
): Promise<DatabaseHandle> {
  const { openDatabase } = await load();
  const { db, ...access } = openDatabase(use);
  inject(globalThis, "db", db);
  return access;
}
