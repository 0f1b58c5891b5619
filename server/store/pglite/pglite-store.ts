import { STORAGE_OF_TENANTS } from "../contract/storage.ts";
import type { Store, StoreOptions } from "../contract/store.ts";
import { openError } from "../contract/store-errors.ts";
import type { StoreParts } from "../drizzle/store-parts.ts";
import { LocalNotices } from "../notices/local-notices.ts";
import { DirectoryLock } from "./directory-lock.ts";
import { DiskReserve } from "./disk-reserve.ts";
import { makePrivate } from "./private-files.ts";
import { Threads } from "./threads.ts";

/**
 * Opens a store in a directory, and creates it if it is missing. PostgreSQL runs as WebAssembly in
 * a thread of this process. Rejects if the directory cannot be used.
 */
export async function openPGliteStore(
  directory: string,
  { storage = STORAGE_OF_TENANTS, reserve }: StoreOptions = {},
): Promise<Store> {
  makePrivate(directory);
  const lock = await DirectoryLock.take(directory);
  const disk = new DiskReserve(directory, reserve);
  const data = { directory, storage, reserve: disk.bytes };
  const threads = await Threads.start(data).catch(async (error: unknown) => {
    await lock.release();
    throw openError(error);
  });

  function part<Name extends keyof StoreParts>(name: Name): StoreParts[Name] {
    const call = (_: object, method: string | symbol) => {
      return (...args: unknown[]) => threads.call(name, String(method), args);
    };
    return new Proxy({}, { get: call }) as StoreParts[Name];
  }

  return {
    tenants: part("tenants"),
    keys: part("keys"),
    audit: part("audit"),
    functions: part("functions"),
    executions: part("executions"),
    logs: part("logs"),
    jobs: part("jobs"),
    idempotency: part("idempotency"),
    resources: part("resources"),
    types: part("types"),
    packageSets: part("packageSets"),
    schedules: part("schedules"),
    hosts: part("hosts"),
    secrets: part("secrets"),
    usage: part("usage"),
    storage: part("storage"),
    leases: part("leases"),
    channels: part("channels"),
    nodes: part("nodes"),
    notices: new LocalNotices(),
    isShared: false,
    async condition() {
      return { free: disk.free(), reserved: disk.reached };
    },
    // No other server uses it.
    async alone(_chore, _every, work) {
      await work();
      return true;
    },
    async ping() {
      await threads.call("health", "check", []);
    },
    async close() {
      await threads.close();
      await lock.release();
    },
  };
}
