import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, openSync, statfsSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { ControlPlane } from "../helpers/control-plane.ts";
import { unique } from "../helpers/store-rows.ts";

const MB = 1_048_576;
const RESERVE = 32 * MB;
const code = "export default () => 1";

let disk = "";
let plane: ControlPlane;
let server: ReturnType<ControlPlane["serve"]>;
/** Reason why no file system of the test's own is available. */
let missing = "";

beforeAll(async () => {
  disk = await mkdtemp(join(tmpdir(), "isolate-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=160m", "isolate-test", disk]);
  } catch (error) {
    missing = `No file system can be mounted here: ${String(error)}`;
    return;
  }
  plane = await ControlPlane.open(disk, { reserve: RESERVE });
  server = plane.serve();
}, 120_000);

afterAll(async () => {
  await plane?.close();
  if (missing === "") execFileSync("umount", [disk]);
  await rm(disk, { recursive: true, force: true });
});

function free(): number {
  const { bavail, bsize } = statfsSync(disk);
  return bavail * bsize;
}

/** Fills the disk, except for that many bytes. */
function fill(left: number): void {
  const file = openSync(join(disk, "ballast"), "a");
  try {
    while (free() > left) writeSync(file, Buffer.alloc(Math.min(MB, free() - left)));
  } catch {
    // The disk is as full as possible.
  } finally {
    closeSync(file);
  }
}

const empty = () => rm(join(disk, "ballast"), { force: true });

describe("a store whose disk gets full", () => {
  it("keeps its reserve for reading and deleting, while code runs on", async (context) => {
    if (missing !== "") context.skip(missing);
    const { id, post, send, get, put } = await server.tenant("acme");
    const deploy = (name: string) => put(`/functions/${name}`, { code });
    expect((await deploy("kept")).status).toBe(201);
    expect((await deploy("old")).status).toBe(201);
    fill(RESERVE - 8 * MB);
    for (const refused of [
      await deploy("new"),
      await post("/execute", { code }, { prefer: "respond-async" }),
      await post("/execute", { code }, { "idempotency-key": "k" }),
    ]) {
      expect(refused.status).toBe(507);
      expect(refused.headers.get("retry-after")).toBe("30");
      expect(await refused.json()).toMatchObject({ error: { code: "STORAGE_RESERVED" } });
    }
    expect((await post("/execute", { code })).status).toBe(200);
    expect(await get("/functions/kept")).toMatchObject({ name: "kept" });
    expect((await send("/functions/old", "DELETE")).status).toBe(204);
    expect(await (await server.app.request("/readyz")).json()).toMatchObject({ store: "reserved" });
    await server.services.executionWriter.flush();
    const metrics = await server.services.metrics.registry.metrics();
    expect(metrics).toContain("isolate_store_reserved 1");
    expect(metrics).toContain("isolate_executions_dropped_total 1");

    fill(0);
    expect(free()).toBeLessThan(MB);
    for (let n = 0; n < 5; n += 1) {
      expect((await post("/execute", { code })).status).toBe(200);
      expect([204, 404, 503, 507]).toContain((await send("/functions/no", "DELETE")).status);
      expect([200, 503]).toContain((await send("/functions/kept")).status);
    }

    await empty();
    await until(async () => (await deploy("new")).status === 201);
    expect(await get("/functions/kept")).toMatchObject({ name: "kept", latest: 1 });
    await post("/execute", { code });
    await until(async () => (await get("/executions")).executions.length > 0);
    expect((await plane.store.storage.used(id)).kinds.functions.count).toBe(2);
    expect(await (await server.app.request("/readyz")).json()).not.toHaveProperty("store");
  });

  it("gets back what is deleted, and goes on", async (context) => {
    if (missing !== "") context.skip(missing);
    const [tenant, domain] = [unique("tenant"), unique("x.org")];
    const locators: string[] = [];
    const publish = async (): Promise<boolean> => {
      const locator = `${domain}/${locators.length}.text@1`;
      const resource = { locator, domain, manifest: {}, archive: randomBytes(4 * MB) };
      await plane.store.resources.publish(tenant, resource);
      locators.push(locator);
      return true;
    };
    let refusal: unknown;
    while (refusal === undefined && locators.length < 60) {
      await publish().catch((error: unknown) => {
        refusal = error;
      });
    }
    expect(refusal).toMatchObject({ code: "STORAGE_RESERVED", status: 507 });
    expect(free()).toBeGreaterThan(RESERVE / 2);
    // An early entry stays, so that the file cannot simply be truncated.
    const last = locators.pop() ?? "";
    for (const locator of locators) await plane.store.resources.delete(tenant, locator);
    await until(async () => {
      await plane.store.resources.delete(tenant, "none");
      return publish().catch(() => false);
    });
    expect(await plane.store.resources.get(last)).toBeDefined();
  });
});
