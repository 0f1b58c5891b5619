/** Helpers of tools: a guarded view, an object made at its first use, and globals. */
import { inject, lazy, provide, proxy, reset } from "isolate/common";
import { inject as injectOne } from "isolate/common/inject";
import { lazy as lazyOne } from "isolate/common/lazy";
import { proxy as proxyOne } from "isolate/common/proxy";

const MOST_BYTES = 65_536;

/** Random values alone, and few of them at once. */
export const random = proxy(crypto, {
  whitelist: ["getRandomValues", "randomUUID"],
  validator: (method, args) => {
    if (method === "getRandomValues" && args[0].byteLength > MOST_BYTES) {
      throw new Error(`More than ${MOST_BYTES} bytes`);
    }
  },
});

class Library {
  readonly books = { findMany: async () => [{ title: "Dune" }] };
  static async open(): Promise<Library> {
    return new Library();
  }
}

/** Opens a library at its first use. */
export function library() {
  return lazy(() => Library.open());
}

export async function titles(): Promise<string[]> {
  const books = await library().books.findMany();
  return books.map(({ title }) => title);
}

/** Fills a scope as the host of a sandbox does, and takes back what may go. */
export function scope(): Record<string, unknown> {
  const globals: Record<string, unknown> = {};
  inject(globals, "API_KEY", "secret");
  provide(globals, { crypto: random, first: 1, second: 2 });
  reset(globals, ["crypto"]);
  return globals;
}

/** The file of a helper and the folder of all have the same ones. */
export const same: boolean = injectOne === inject && lazyOne === lazy && proxyOne === proxy;
