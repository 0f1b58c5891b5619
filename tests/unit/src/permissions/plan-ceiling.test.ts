/** Tests a tenant's ceiling: what it covers, and that it only narrows. */
import { describe, expect, it } from "vitest";
import { config } from "../../../../src/config/config.ts";
import type { ListName, Perms } from "../../../../src/permissions/perms.ts";
import { outcome, planned } from "../../../helpers/plan.ts";

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
    ["net", "198.41.0.4", { net: ["*"] }, true],
    ["net", "x.org:22", { net: ["*"] }, false],
    ["net", "[2001:503::1]", { net: ["[2001:503:0::1]"] }, true],
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
        : [{ kind: "forbidden", message: expect.stringContaining(" exceeds the ceiling") }],
    );
    const tools = [{ name: "t", permissions: { [name]: [value] } }];
    expect(planned("none", { tools, ceiling, wildcards: true }).refusals).toHaveLength(
      within ? 0 : 1,
    );
  });

  it.each<[ListName, string, Perms, string]>([
    [
      "net",
      "evil.com:443",
      { net: ["*.example.com"] },
      "exceeds the ceiling; it allows *.example.com",
    ],
    ["net", "EVIL.com", "none", "exceeds the ceiling; it allows no host"],
    ["net", "x.org", { net: ["x.org:443"] }, "exceeds the ceiling by port 80; it allows x.org:443"],
    [
      "net",
      "x.org",
      { net: ["*.org:1"] },
      "exceeds the ceiling by ports 80 and 443; it allows *.org:1",
    ],
    ["net", "x.org:22", { net: ["x.org"] }, "exceeds the ceiling by port 22; it allows x.org"],
    [
      "net",
      "*.x.org",
      { net: ["*.x.org:80"] },
      "exceeds the ceiling by port 443; it allows *.x.org:80",
    ],
    [
      "net",
      "*.x.org",
      { net: ["x.org"] },
      "exceeds the ceiling by every name below x.org; it allows x.org",
    ],
    [
      "net",
      "*.org",
      { net: ["a.b.org"] },
      "exceeds the ceiling by every other name below org; it allows a.b.org",
    ],
    ["net", "*", { net: ["a.org"] }, "exceeds the ceiling by every other host; it allows a.org"],
    ["net", "*", { env: ["A"] }, "exceeds the ceiling by every host; it allows no host"],
    ["net", "x.org", { net: ["a", "b", "c"] }, "exceeds the ceiling; it allows a, b, c"],
    [
      "net",
      "x.org",
      { net: ["a", "b", "c", "d", "e"] },
      "exceeds the ceiling; it allows a, b, c and 2 more",
    ],
    [
      "read",
      "/data",
      { read: ["/data/a", "/x"] },
      "exceeds the ceiling: it is outside of /data/a, /x",
    ],
    ["read", "/data", {}, "exceeds the ceiling; it allows no path to be read"],
    ["write", "/tmp", { write: ["/tmp/a"] }, "exceeds the ceiling: it is outside of /tmp/a"],
    ["env", "TOKEN", { env: ["_A1"] }, "exceeds the ceiling; it allows _A1"],
    ["sys", "cpus", {}, "exceeds the ceiling; it allows no system information"],
  ])("of %s: tells of %s under %j which part is above: %s", (name, value, ceiling, message) => {
    const { refusals } = planned({ [name]: ["?", value] }, { ceiling, wildcards: true });
    expect(refusals.at(-1)).toEqual({
      ...{ field: `permissions.${name}[1]`, value, kind: "forbidden" },
      message: `permissions.${name}[1]: "${name === "net" ? value.toLowerCase() : value}" ${message}`,
    });
  });

  it("tells at level isolated what a wildcard includes there beyond its words", () => {
    const told = (entry: string) => {
      const options = { level: "isolated", isolatedNet: true, wildcards: true } as const;
      return planned({ net: [entry] }, { ...options, ceiling: { net: [entry] } }).refusals[0];
    };
    expect(told("*.x.org")?.message).toContain(
      ' by x.org, which it includes at level "isolated"; it allows *.x.org',
    );
    expect(told("*")?.message).toContain(" by ports other than 80 and 443, which it includes at");
  });

  it("shows of both sides what messages can bear", () => {
    const long = `/data/${"y".repeat(1_000)}\u202e`;
    const ceiling = { read: Array.from({ length: 100 }, () => `/data/${"x".repeat(1_000)}`) };
    const { message = "" } = planned({ read: [long] }, { ceiling }).refusals[0] ?? {};
    expect(message).toContain("and 97 more");
    expect(message.length).toBeLessThan(500);
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

  it.each(["inherit", null, { nte: [] }, { net: "x.org" }])(
    "%j is the operator's mistake",
    (ceiling) => {
      expect(() => planned("none", { ceiling: ceiling as Perms })).toThrow(/^ceiling/);
      expect(() => config({ ceiling: ceiling as Perms })).toThrow(/^ceiling/);
    },
  );

  it.each<[Perms, string, string]>([
    [{ net: ["x.org", "https://x.org"] }, "net[1]", "is a URL or a path"],
    [{ read: ["data"] }, "read[0]", "is not an absolute path"],
    [{ write: ["/tmp/"] }, "write[0]", "is not an absolute path"],
    [{ env: ["A", "B", "*"] }, "env[2]", "is not the name"],
    [{ sys: ["all"] }, "sys[0]", "is nothing Deno can tell"],
  ])("%j keeps a host from starting, by element", (ceiling, at, reason) => {
    const refusal = { name: "BadRequest", field: `ceiling.${at}` };
    expect(() => config({ ceiling })).toThrow(expect.objectContaining(refusal));
    expect(() => config({ ceiling })).toThrow(`ceiling.${at}: ${reason}`);
    expect(() => planned("none", { ceiling })).toThrow(`ceiling.${at}: ${reason}`);
  });
});
