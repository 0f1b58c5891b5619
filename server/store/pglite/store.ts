import { mkdir } from "node:fs/promises";
import type { StoreParts } from "../drizzle/parts.ts";
import { openError } from "../errors.ts";
import type { Store } from "../store.ts";
import { DirectoryLock } from "./directory-lock.ts";
import { Threads } from "./threads.ts";

/**
 * A store in a directory, which is made if it is not there: PostgreSQL as WebAssembly, in a thread of
 * this process. Rejects if the directory cannot be used.
 */
export async function openPGliteStore(directory: string): Promise<Store> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const lock = await DirectoryLock.take(directory);
  const threads = await Threads.start(directory).catch(async (error: unknown) => {
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
    functions: part("functions"),
    executions: part("executions"),
    jobs: part("jobs"),
    idempotency: part("idempotency"),
    resources: part("resources"),
    types: part("types"),
    async ping() {
      await threads.call("health", "check", []);
    },
    async close() {
      await threads.close();
      await lock.release();
    },
  };
}
