import { describe, expect, it } from "vitest";
import { Logins } from "../../../../src/database/logins.ts";

describe("logins to databases", () => {
  it("are few at once for a role, and another role does not wait for them", async () => {
    const logins = new Logins();
    const ends: (() => void)[] = [];
    const running = { storm: 0, quiet: 0 };
    const login = (role: keyof typeof running): Promise<void> =>
      logins.take(role, async () => {
        running[role] += 1;
        await new Promise<void>((resolve) => ends.push(resolve));
        running[role] -= 1;
      });
    const storm = Array.from({ length: 100 }, () => login("storm"));
    const quiet = login("quiet");
    await new Promise((resolve) => setImmediate(resolve));
    expect(running).toEqual({ storm: 2, quiet: 1 });
    let most = 0;
    while (ends.length > 0) {
      for (const end of ends.splice(0)) end();
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, running.storm);
    }
    await Promise.all([...storm, quiet]);
    expect([most, running]).toEqual([2, { storm: 0, quiet: 0 }]);
  });

  it("are bounded for all roles together, and none is left out", async () => {
    const logins = new Logins();
    let active = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      active += 1;
      most = Math.max(most, active);
      await new Promise((resolve) => setImmediate(resolve));
      active -= 1;
    };
    await Promise.all(Array.from({ length: 300 }, (_, n) => logins.take(`role${n % 60}`, work)));
    expect([most, active]).toEqual([32, 0]);
  });

  it("goes on after one that fails", async () => {
    const logins = new Logins();
    const fail = () => Promise.reject(new Error("no"));
    const failed = Array.from({ length: 9 }, () => logins.take("role", fail));
    expect((await Promise.allSettled(failed)).every(({ status }) => status === "rejected")).toBe(
      true,
    );
    expect(await logins.take("role", async () => 1)).toBe(1);
  });
});
