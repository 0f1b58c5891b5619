/**
 * Tests when archives are read from the store, of which every read delays all tenants, and whose
 * they are.
 */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { Store } from "../../../../server/store/contract/store.ts";
import { openStore } from "../../../../server/store/open.ts";
import type { Engine } from "../../../../src/engines/contract/contract.ts";
import { createRXA } from "../../../../src/resourcex/archive/archive.ts";
import { ARCHIVE_LIMITS } from "../../../../src/resourcex/archive/archive-limits.ts";
import { digestOf } from "../../../../src/resourcex/data/digest.ts";
import { form, realmContainers, registryServer } from "../../../helpers/registry-server.ts";
import { storeDirectory } from "../../../helpers/store.ts";

const locator = "reads.org/a.text@1";
let realms: Engine;
let directory: string;
let store: Store;
let served: ReturnType<typeof registryServer>;
let owner: Record<string, string>;

const failures: unknown[] = [];
const reads = { begun: 0, now: 0, most: 0 };
let size: number | undefined;
/** Work before a store's answer, of somebody else. */
let meanwhile = async (): Promise<void> => {};
let opened: Promise<void>;
let open: () => void;

/** Counts the reads of archives, and has archives say another size. */
function watched(of: Store): Store {
  const { resources } = of;
  const counted = withOwn(resources, {
    async get(key) {
      const row = await resources.get(key);
      return row && { ...row, archiveBytes: size ?? row.archiveBytes };
    },
    async archive(key) {
      await meanwhile();
      reads.begun += 1;
      reads.now += 1;
      reads.most = Math.max(reads.most, reads.now);
      try {
        return await resources.archive(key);
      } finally {
        reads.now -= 1;
      }
    },
    async delete(...given) {
      await meanwhile();
      return resources.delete(...given);
    },
  });
  return withOwn(of, { resources: counted });
}

/** Makes an object that has some members of its own, and the others of `of`. */
function withOwn<T extends object>(of: T, own: Partial<T>): T {
  return new Proxy(of, {
    get(target, name) {
      if (name in own) return Reflect.get(own, name);
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

beforeAll(async () => {
  directory = await storeDirectory();
  store = await openStore(directory);
  realms = await realmContainers();
  // Executions wait for their sandbox until the test lets them have it.
  const engine = withOwn(realms, {
    async execute(...given) {
      await opened;
      return realms.execute(...given);
    },
  });
  served = registryServer({ store: watched(store), engine, adminKey: "k".repeat(40), failures });
  owner = await served.tenant("owner");
  const body = await form({ domain: "reads.org", name: "a", type: "text", version: "1" });
  const published = await served.app.request("/api/v1/publish", {
    method: "POST",
    headers: owner,
    body,
  });
  expect([published.status, failures]).toEqual([201, []]);
}, 120_000);

afterAll(async () => {
  await realms.close();
  await store.close();
  await rm(dirname(directory), { recursive: true });
});

beforeEach(() => {
  Object.assign(reads, { begun: 0, now: 0, most: 0 });
  size = undefined;
  meanwhile = async () => {};
  ({ promise: opened, resolve: open } = gate());
});

function gate() {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function resolveAs(
  headers: Record<string, string>,
  times: number,
  signal?: AbortSignal,
): Promise<number>[] {
  return Array.from({ length: times }, async () => {
    const response = await served.app.request("/api/v1/resolve", {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ locator }),
      signal: signal ?? null,
    });
    await response.text();
    return response.status;
  });
}

it("an execution that waits for others of its tenant, or is refused, reads no archive", async () => {
  const headers = await served.tenant("narrow", { concurrency: 1 });
  const statuses: number[] = [];
  const asked = resolveAs(headers, 200).map(async (one) => statuses.push(await one));
  // Refused are those beyond the executions of a tenant that may wait.
  await vi.waitFor(() => expect(statuses.length).toBeGreaterThan(0), 20_000);
  expect(new Set(statuses)).toEqual(new Set([429]));
  expect(reads.begun).toBeLessThanOrEqual(1);
  open();
  await Promise.all(asked);
  expect(reads.begun).toBe(statuses.filter((status) => status === 200).length);
  expect(reads.begun).toBeLessThan(200);
}, 60_000);

it("executions of a tenant read one archive after another, beside those it downloads", async () => {
  const headers = await served.tenant("wide", { concurrency: 16 });
  open();
  const asked = resolveAs(headers, 8);
  const content = Array.from({ length: 4 }, async () => {
    const response = await served.app.request(`/api/v1/content?locator=${locator}`, { headers });
    await response.arrayBuffer();
    return response.status;
  });
  expect(await Promise.all([...asked, ...content])).toEqual(Array(12).fill(200));
  expect(reads).toMatchObject({ begun: 12, most: 1 });
});

it("archives of waiting executions have a budget of bytes, which leaves room to others", async () => {
  size = ARCHIVE_LIMITS.bytes;
  const headers = await served.tenant("heavy", { concurrency: 32 });
  const statuses: number[] = [];
  const asked = resolveAs(headers, 12).map(async (one) => statuses.push(await one));
  await vi.waitFor(() => expect(statuses).toEqual(Array(8).fill(503)));
  expect(reads.begun).toBe(4);
  const other = resolveAs(await served.tenant("other"), 1);
  await vi.waitFor(() => expect(reads.begun).toBe(5));
  open();
  expect(await Promise.all(other)).toEqual([200]);
  await Promise.all(asked);
  expect(statuses.filter((status) => status === 200)).toHaveLength(4);
  // All room is free again.
  expect(await Promise.all(resolveAs(headers, 4))).toEqual(Array(4).fill(200));
});

it("an execution whose client has hung up reads no archive in its turn", async () => {
  const headers = await served.tenant("hasty");
  const read = gate();
  const begun = gate();
  meanwhile = () => {
    begun.resolve();
    return read.promise;
  };
  open();
  const first = resolveAs(headers, 1);
  await begun.promise;
  const gone = new AbortController();
  const others = resolveAs(headers, 4, gone.signal);
  // They are in line by then; any that is not is refused before.
  await new Promise((resolve) => setTimeout(resolve, 200));
  gone.abort();
  meanwhile = async () => {};
  read.resolve();
  expect(await Promise.all([...first, ...others])).toEqual([200, ...Array(4).fill(499)]);
  expect(reads.begun).toBe(1);
});

it("HEAD of content has the archive's size, and reads none", async () => {
  const got = await served.app.request(`/api/v1/content?locator=${locator}`, { headers: owner });
  const { byteLength } = await got.arrayBuffer();
  expect(reads.begun).toBe(1);
  for (const path of ["?locator=", "/"].map((sign) => `/api/v1/content${sign}`)) {
    const name = path.endsWith("/") ? encodeURIComponent("reads.org/a:1") : locator;
    const init = { method: "HEAD", headers: owner };
    const head = await served.app.request(`${path}${name}`, init);
    expect(head.status).toBe(200);
    expect(head.headers.get("content-length")).toBe(String(byteLength));
    expect(head.headers.get("content-type")).toBe("application/gzip");
  }
  expect(reads.begun).toBe(1);
});

it.each<[string, string, object?]>([
  ["GET", "/content/:locator"],
  ["GET", "/content?locator=:locator"],
  ["POST", "/resolve", {}],
  ["DELETE", "/resource/:locator"],
  ["DELETE", "/resource?locator=:locator"],
])("%s %s is not for what has the locator a moment later", async (method, path, body) => {
  open();
  const fields = { domain: "reads.org", name: "b", type: "text", version: "1" };
  const put = async (content: string) =>
    store.resources.publish("owner", {
      locator: "reads.org/b.text@1",
      domain: "reads.org",
      manifest: { ...fields, digest: await digestOf(await createRXA({ content })) },
      archive: await (await createRXA({ content })).buffer(),
    });
  await store.resources.delete("owner", "reads.org/b.text@1");
  expect(await put("first")).toBe("published");
  const named = `reads.org/b:1@${await digestOf(await createRXA({ content: "first" }))}`;
  meanwhile = async () => {
    meanwhile = async () => {};
    await store.resources.delete("owner", "reads.org/b.text@1");
    expect(await put("second")).toBe("published");
  };
  const response = await served.app.request(
    `/api/v1${path.replace(":locator", encodeURIComponent(named))}`,
    {
      method,
      headers: { ...owner, "content-type": "application/json" },
      ...(body && { body: JSON.stringify({ locator: named }) }),
    },
  );
  expect([response.status, await response.json()]).toEqual([
    404,
    { code: "RESOURCE_NOT_FOUND", error: "Resource not found: reads.org/b.text@1" },
  ]);
  const digest = await digestOf(await createRXA({ content: "second" }));
  const now = await served.app.request(`/api/v1/resource/reads.org%2Fb:1`, { headers: owner });
  expect(await now.json()).toMatchObject({ digest });
});
