import { expect, it } from "vitest";
import { HostBusy } from "../../../../src/base/errors.ts";
import { PerTenantQueue } from "../../../../src/base/per-tenant-queue.ts";

it("does one thing at a time for each tenant, and refuses what would wait too long", async () => {
  const turns = new PerTenantQueue(2);
  const log: string[] = [];
  let finish: () => void = () => {};
  const blocked = new Promise<void>((resolve) => (finish = resolve));
  const begin = (owner: string, name: string, until?: Promise<void>) =>
    turns.take(owner, async () => {
      log.push(name);
      await until;
      return name;
    });
  const busy = [begin("busy", "1", blocked), begin("busy", "2"), begin("busy", "3")];
  await expect(begin("busy", "4")).rejects.toBeInstanceOf(HostBusy);
  expect(await begin("quiet", "a")).toBe("a");
  expect(log).toEqual(["1", "a"]);
  finish();
  expect(await Promise.all(busy)).toEqual(["1", "2", "3"]);
  await expect(turns.take("busy", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await begin("busy", "5")).toBe("5");
});
