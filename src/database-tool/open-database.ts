import type { DatabaseToolConfig, OpenDatabase } from "../protocol/database.ts";
import type { ToolUse } from "../protocol/messages.ts";
import { drizzleOn } from "./drizzle.ts";
import { Client } from "./postgres-client.ts";
import { Schema, schemaModules } from "./schema.ts";
import { surface } from "./surface.ts";
import { Wire } from "./wire.ts";

/** Makes the object that code uses as `db`. Connects at the first query, not before. */
export function openDatabase({ config, module }: ToolUse): OpenDatabase {
  const schema = new Schema();
  if (module !== undefined) {
    for (const [file, load] of schemaModules(module)) schema.add(file, load());
  }
  const wire = new Wire(config as DatabaseToolConfig);
  const client = new Client(wire);
  const db = surface(drizzleOn(client, schema.all), schema.tables, () => client.end());
  const reopen = (): void => {
    wire.reopen();
    client.forget();
  };
  return { db, close: () => wire.close(), reopen };
}
