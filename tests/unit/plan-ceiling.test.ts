/** Within a tenant's ceiling: what is covered by what, and that it only ever narrows. */
import { describe, expect, it } from "vitest";
import type { ListName, Perms } from "../../src/permissions/perms.ts";
import { outcome, planned } from "../helpers/plan.ts";

describe("a ceiling", () => {
  it.each<[ListName, string, Perms, boolean]>([
    ["net", "x.org", { net: ["x.org"] }, true],
    ["net", "X.org", { net: ["x.ORG"] }, true],
    ["net", "x.org", "none", false],
    ["net", "x.org", {}, false],
    ["net", "x.org", { net: ["y.org"] }, false],
    ["net", "x.org:443", { net: ["x.org"] }, true],
    ["net", "x.org:22", { net: ["x.org"] }, false],
    ["net", "x.org", { net: ["x.org:443"] }, false],
    ["net", "x.org", { net: ["x.org:443", "x.org:80"] }, true],
    ["net", "a.x.org", { net: ["*.x.org"] }, true],
    ["net", "b.a.x.org", { net: ["*.x.org"] }, true],
    ["net", "x.org", { net: ["*.x.org"] }, false],
    ["net", "ax.org", { net: ["*.x.org"] }, false],
    ["net", "a.x.org", { net: ["*.x.org:80"] }, false],
    ["net", "*.a.x.org", { net: ["*.x.org"] }, true],
    ["net", "*.org", { net: ["*.x.org"] }, false],
    ["net", "*", { net: ["*.x.org"] }, false],
    ["net", "*", { net: ["*"] }, true],
    ["net", "10.0.0.1", { net: ["*"] }, true],
    ["net", "x.org:22", { net: ["*"] }, false],
    ["net", "[2001:db8::1]", { net: ["[2001:db8:0::1]"] }, true],
    ["read", "/data/a", { read: ["/data"] }, true],
    ["read", "/data", { read: ["/"] }, true],
    ["read", "/data", { read: ["/data/a"] }, false],
    ["read", "/data/ab", { read: ["/data/a"] }, false],
    ["read", "/tmp", { write: ["/tmp"] }, false],
    ["write", "/tmp/a", { write: ["/tmp"] }, true],
    ["write", "/tmp", { read: ["/tmp"] }, false],
    ["env", "TOKEN", { env: ["TOKEN"] }, true],
    ["env", "TOKEN", { env: ["_A1"] }, false],
    ["sys", "cpus", { sys: ["cpus"] }, true],
    ["sys", "cpus", { sys: ["uid"] }, false],
  ])("of %s: whether %s is within %j: %s", (name, value, ceiling, within) => {
    const { refusals } = planned({ [name]: [value] }, { ceiling, wildcards: true });
    expect(refusals).toMatchObject(
      within
        ? []
        : [{ kind: "forbidden", message: expect.stringContaining("exceeds what the ten") }],
    );
    const tools = [{ name: "t", permissions: { [name]: [value] } }];
    expect(planned("none", { tools, ceiling, wildcards: true }).refusals).toHaveLength(
      within ? 0 : 1,
    );
  });

  it("grants nothing itself, nor what the operator does not", () => {
    const ceiling = { net: ["*"], env: ["TOKEN", "OTHER"], read: ["/"], run: ["deno"] };
    expect(planned("none", { ceiling }).permissions).toEqual(planned("none").permissions);
    const { refusals } = planned(ceiling, { ceiling });
    expect(refusals.map(({ field }) => field.slice(12))).toEqual([
      "env[1]",
      "net[0]",
      "read[0]",
      "run[0]",
    ]);
  });

  it("covers at level isolated all that a Worker would let through", () => {
    const within = (entry: string, net: string[]) =>
      outcome("net", entry, {
        ...{ level: "isolated", isolatedNet: true, wildcards: true, ceiling: { net } },
      });
    expect(within("*.x.org", ["*.x.org"])).toBe("forbidden");
    expect(within("*.x.org", ["*.x.org", "x.org"])).toBe("*.x.org");
    expect(within("*", ["*"])).toBe("forbidden");
  });

  it.each([
    "inherit",
    null,
    { nte: [] },
    { net: ["https://x.org"] },
    { read: ["data"] },
    { write: ["/tmp/"] },
    { env: ["*"] },
    { sys: ["all"] },
    { net: "x.org" },
  ])("%j is the operator's mistake", (ceiling) => {
    expect(() => planned("none", { ceiling: ceiling as Perms })).toThrow(/^ceiling/);
  });
});
