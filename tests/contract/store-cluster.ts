import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { Store } from "../../server/store/contract/store.ts";
import { unique } from "../helpers/store-rows.ts";

/** Tests what servers tell each other through a store: who is there, and who has subscribers. */
export function clusterCases(store: () => Store): void {
  it("knows the servers with subscribers of a tenant until their lease is over", async () => {
    const { channels } = store();
    const [one, two, tenant, other] = ["one", "two", "tenant", "other"].map(unique) as [
      string,
      string,
      string,
      string,
    ];
    await channels.hold(one, [tenant, other], 60_000);
    await channels.hold(two, [tenant], 60_000);
    await channels.hold(two, [], 60_000);
    expect((await channels.subscribers(tenant, "")).sort()).toEqual([one, two].sort());
    expect(await channels.subscribers(tenant, one)).toEqual([two]);
    expect(await channels.subscribers(other, one)).toEqual([]);
    await channels.release(two, [tenant, "unknown"]);
    expect(await channels.subscribers(tenant, "")).toEqual([one]);
    await channels.hold(one, [tenant], 1);
    await sleep(20);
    expect(await channels.subscribers(tenant, "")).toEqual([]);
    await channels.hold(one, [tenant], 60_000);
    expect(await channels.subscribers(tenant, "")).toEqual([one]);
  });

  it("keeps large texts until they are old", async () => {
    const { channels } = store();
    const id = randomUUID();
    const text = JSON.stringify(`${"ü\n\0\ud800".repeat(20_000)}`);
    await channels.send([{ id, text }], []);
    expect(await channels.kept(id)).toBe(text);
    await channels.prune(60_000);
    expect(await channels.kept(id)).toBe(text);
    await sleep(20);
    await channels.prune(1);
    expect(await channels.kept(id)).toBeUndefined();
    await channels.send([], [{ address: "isolate:nobody", text: "x".repeat(7_900) }]);
  });

  it("lists the servers that there are", async () => {
    const { nodes } = store();
    const id = unique("node");
    const node = { id, address: "host:80", version: "1", draining: false, capacity: 4 };
    const found = async () => (await nodes.list()).find((row) => row.id === id);
    await nodes.put(node);
    const first = await found();
    expect(first).toMatchObject(node);
    await sleep(20);
    await nodes.put({ ...node, draining: true, capacity: 5 });
    const later = await found();
    expect(later).toMatchObject({
      ...node,
      draining: true,
      capacity: 5,
      startedAt: first?.startedAt,
    });
    expect(Number(later?.seen)).toBeGreaterThan(Number(first?.seen));
    expect(later?.age).toBeLessThan(60_000);
    await nodes.prune(60_000);
    expect(await found()).toBeDefined();
    await nodes.remove(id);
    expect(await found()).toBeUndefined();
  });
}
