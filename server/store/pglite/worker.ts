/** A thread's entry: a store in a PGlite database, whose statements would hold up the server's loop. */

import { parentPort, workerData } from "node:worker_threads";
import { drizzle } from "drizzle-orm/pglite";
import { migrate } from "drizzle-orm/pglite/migrator";
import { CASING } from "../drizzle/database.ts";
import { guarded, storeError } from "../drizzle/guard.ts";
import { MIGRATIONS } from "../drizzle/migrations.ts";
import { drizzleParts } from "../drizzle/parts.ts";
import { StoreConflict, StoreUnavailable } from "../errors.ts";
import type { Answer, Call, Failure } from "./messages.ts";
import { openDatabase } from "./open-database.ts";

type Methods = Record<string, (...args: readonly unknown[]) => Promise<unknown>>;

const port = parentPort;
if (port === null) throw new Error("This is a thread's entry");

await answer(0, async () => {
  const client = await openDatabase(String(workerData));
  const db = drizzle({ client, casing: CASING });
  await migrate(db, MIGRATIONS);
  const parts = guarded(drizzleParts(db, (work) => db.transaction(work)));
  port.on("message", ({ id, part, method, args }: Call) => {
    if (part !== null) {
      return answer(id, () => (parts[part] as unknown as Methods)[method]?.(...args));
    }
    return answer(id, () => client.close()).finally(() => port.close());
  });
});

async function answer(id: number, call: () => Promise<unknown> | undefined): Promise<void> {
  const reply = (message: Answer) => port?.postMessage(message);
  try {
    reply({ id, value: await call() });
  } catch (error) {
    reply({ id, failure: failureOf(storeError(error)) });
  }
}

function failureOf(error: Error): Failure {
  if (error instanceof StoreConflict) return { kind: "conflict", message: error.message };
  if (error instanceof StoreUnavailable) {
    return { kind: "unavailable", message: error.message, reason: error.reason };
  }
  return { kind: "mistake", message: error.stack ?? error.message };
}
