/** Entry of a thread with a PGlite store. Its statements would block the server's event loop. */

import { parentPort, workerData } from "node:worker_threads";
import { drizzle } from "drizzle-orm/pglite";
import { migrate } from "drizzle-orm/pglite/migrator";
import {
  StorageFull,
  StorageReserved,
  StoreConflict,
  StoreUnavailable,
} from "../contract/store-errors.ts";
import { CASING } from "../drizzle/database.ts";
import { guarded, storeError } from "../drizzle/driver-errors.ts";
import { MIGRATIONS } from "../drizzle/migrations.ts";
import { drizzleParts } from "../drizzle/parts.ts";
import { checkMajor } from "../drizzle/schema-major.ts";
import { DiskReserve } from "./disk-reserve.ts";
import { openDatabase } from "./open-database.ts";
import type { Failure, ThreadAnswer, ThreadCall, ThreadData } from "./thread-messages.ts";
import { Vacuum } from "./vacuum.ts";

type Methods = Record<string, (...args: readonly unknown[]) => Promise<unknown>>;

const port = parentPort;
if (port === null) throw new Error("This is a thread's entry");

const { directory, storage, reserve } = workerData as ThreadData;

await answer(0, async () => {
  const client = await openDatabase(directory);
  const db = drizzle({ client, casing: CASING });
  await checkMajor(db);
  await migrate(db, MIGRATIONS);
  const parts = guarded(drizzleParts(db, (work) => db.transaction(work), storage));
  const disk = new DiskReserve(directory, reserve);
  const vacuum = new Vacuum(client, disk);
  /**
   * One call at a time, as in the database, so that each sees the disk after the calls before it.
   */
  let turn: Promise<unknown> = Promise.resolve();
  const run = async ({ part, method, args }: ThreadCall & { part: keyof typeof parts }) => {
    const call = () => (parts[part] as unknown as Methods)[method]?.(...args);
    if (method === "delete" || method === "prune") {
      return call()?.finally(() => {
        turn = turn.then(() => vacuum.afterDelete());
      });
    }
    if (part === "jobs" && method === "claim" && disk.reached) return [];
    if (!disk.isBounded({ part, method })) return call();
    const result = turn.then(() => {
      disk.check({ part, method, args });
      return call();
    });
    turn = result.catch(() => {}).then(() => vacuum.afterWrite());
    return result;
  };
  // Ends the thread, because the call cannot be identified.
  port.on("messageerror", () => {
    throw new Error("A call cannot be read");
  });
  port.on("message", (call: ThreadCall) => {
    const { id, part } = call;
    if (part !== null) return answer(id, () => run({ ...call, part }));
    return answer(id, () => client.close()).finally(() => port.close());
  });
});

async function answer(id: number, call: () => Promise<unknown> | undefined): Promise<void> {
  const reply = (message: ThreadAnswer) => port?.postMessage(message);
  try {
    reply({ id, value: await call() });
  } catch (error) {
    reply({ id, failure: failureOf(storeError(error)) });
  }
}

function failureOf(error: Error): Failure {
  const { message } = error;
  if (error instanceof StorageFull) return { kind: "full", refusal: error.refusal };
  if (error instanceof StorageReserved) return { kind: "reserved", message };
  if (error instanceof StoreConflict) return { kind: "conflict", message };
  if (error instanceof StoreUnavailable) {
    return { kind: "unavailable", message, reason: error.reason };
  }
  return { kind: "mistake", message: error.stack ?? message };
}
