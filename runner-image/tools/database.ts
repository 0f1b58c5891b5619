import { inject } from "../../src/common/inject.ts";
import type { DatabaseModule } from "../../src/protocol/database.ts";
import type { ToolUse } from "../../src/protocol/messages.ts";

/** Makes `db` global, for good. Resolves with what drops its connection. */
export async function installDatabase(
  use: ToolUse,
  load: () => Promise<DatabaseModule>,
): Promise<() => void> {
  const { openDatabase } = await load();
  const { db, close } = openDatabase(use);
  inject(globalThis, "db", db);
  return close;
}
