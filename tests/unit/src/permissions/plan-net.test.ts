/** Tests entries of `net`: their form, who may get them, and their meaning for each layer. */
import { describe, expect, it } from "vitest";
import { outcome, planned } from "../../../helpers/plan.ts";

const label = "a".repeat(63);
/** An operator's destinations on loopback. Some of them belong to each sandbox. */
const LOCAL = ["127.0.0.1:60999", "127.0.0.1:61511", "127.0.0.1:61512", "localhost:3129"];
const OPENED = { egress: { hosts: {}, private: LOCAL } };
const longest = `${`${label}.`.repeat(3)}${"b".repeat(61)}`;

describe("an entry of net", () => {
  it.each([
    ["x.org", "x.org"],
    ["X.Org:443", "x.org:443"],
    ["a-b.c1:1", "a-b.c1:1"],
    ["xn--e1afmkfd.xn--p1ai:65535", "xn--e1afmkfd.xn--p1ai:65535"],
    [longest, longest],
    ["198.41.0.4:5432", "198.41.0.4:5432"],
    ["[2001:503:0::1]:80", "[2001:503::1]:80"],
    ["1.x", "1.x"],
  ])("%s is granted", (entry, text) => expect(outcome("net", entry)).toBe(text));

  it.each([
    "https://x.org",
    "x.org/",
    "x.org/path",
    "u@x.org",
    "u:p@x.org",
    "x.org?q",
    "x.org#f",
    "unix:a",
    "UNIX:/a",
    "vsock:1:2",
    "10.0.0.0/8",
    "//x.org",
    "x.org.",
    ".x.org",
    "x..org",
    "-x.org",
    "x-.org",
    "x_y.org",
    "x.1",
    "x.0x1f",
    "x.0x",
    "1",
    "127.1",
    "0x7f000001",
    "010.0.0.1",
    "256.0.0.1",
    "1.2.3",
    "1.2.3.4.",
    "::1",
    "[::1",
    "[::1]]",
    "[::g]",
    "[1.2.3.4]",
    "[fe80::1%eth0]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]:80",
    "[x.org]",
    "[::1]80",
    "x.org:",
    "x.org:0",
    "x.org:080",
    "x.org:65536",
    "x.org:99999",
    "x.org:1e3",
    "x.org:+1",
    "x.org:80:80",
    "x.org:*",
    ":80",
    "*:443",
    "**",
    "*.*",
    "*x.org",
    "x.*.org",
    "*.",
    "*.1",
    "*.10.0.0.1",
    "*.[::1]",
    "x org",
    " x.org",
    "пример.рф",
    "x.org\u00ad",
    "x.org\n",
    "x.org\0",
    "x.org,y.org",
    "x.org\\",
    "\ud800",
    "x.org%2e",
    `a${label}.org`,
    `${longest}b`,
    "x".repeat(1_025),
    "",
  ])("%j is invalid, whatever the operator allows", (entry) => {
    const all = { wildcards: true, isolatedNet: true };
    expect(outcome("net", entry, all)).toBe("invalid");
    expect(outcome("net", entry, { ...all, level: "isolated" })).toBe("invalid");
  });

  it("that is a URL is told apart", () => {
    expect(planned({ net: ["https://x.org"] }).refusals[0]?.message).toBe(
      "permissions.net[0]: is a URL or a path: write only host or host:port",
    );
  });

  it.each([
    ["*", {}, "forbidden"],
    ["*.x.org", {}, "forbidden"],
    ["*.x.org:443", {}, "forbidden"],
    ["*", { wildcards: true }, "*"],
    ["*.X.org:443", { wildcards: true }, "*.x.org:443"],
    ["localhost:3128", {}, "forbidden"],
    ["a.localhost:3128", {}, "forbidden"],
    ["127.8.8.8:3128", {}, "forbidden"],
    ["0.0.0.0:3128", {}, "forbidden"],
    ["[::1]:3128", {}, "forbidden"],
    ["[::]:3128", {}, "forbidden"],
    ["*.localhost:3128", { wildcards: true }, "forbidden"],
    ["localhost:61000", {}, "forbidden"],
    ["127.0.0.1:61511", {}, "forbidden"],
    ["[::1]:61100", {}, "forbidden"],
    ["127.0.0.1:60999", OPENED, "127.0.0.1:60999"],
    ["127.0.0.1:61512", OPENED, "127.0.0.1:61512"],
    ["127.0.0.1:61511", OPENED, "forbidden"],
    ["x.org:61000", {}, "x.org:61000"],
    ["127.0.0.1:61000", { level: "isolated", isolatedNet: true }, "127.0.0.1:61000"],
    ["localhost:3129", OPENED, "localhost:3129"],
    ["x.org:3128", {}, "x.org:3128"],
    ["x.org", { level: "isolated" }, "forbidden"],
    ["x.org", { level: "isolated", isolatedNet: true }, "x.org"],
    ["localhost:3128", { level: "isolated", isolatedNet: true }, "localhost:3128"],
    ["*.x.org", { level: "isolated", isolatedNet: true }, "forbidden"],
    ["*.x.org", { level: "isolated", isolatedNet: true, wildcards: true }, "*.x.org"],
    ["*.x.org", { level: "isolated", wildcards: true }, "forbidden"],
  ] as const)("%s with %j: %s", (entry, options, expected) => {
    expect(outcome("net", entry, options)).toBe(expected);
  });
});

describe("an entry of net that no connection could be made to", () => {
  const egress = {
    hosts: { "In.test": "10.1.2.3", "out.test": "198.41.0.4", "meta.test": "169.254.169.254" },
    private: ["10.0.0.8:80", "IN.test:8080", "[FD00:1::8]:443", "localhost:5000", "10.0.0.9"],
  };

  it.each([
    ["169.254.169.254", "metadata"],
    ["100.100.100.200:80", "metadata"],
    ["[fd00:ec2::254]:80", "metadata"],
    ["meta.test", "metadata"],
    ["127.0.0.1:8080", "private"],
    ["[::1]", "private"],
    ["10.0.0.8:81", "private"],
    // Opened without a port. The proxy does not start with that.
    ["10.0.0.9:443", "private"],
    ["192.168.0.1", "private"],
    ["[fd00:1::9]:443", "private"],
    ["localhost", "private"],
    ["a.localhost:5000", "private"],
    ["in.test", "private"],
    ["in.test:80", "private"],
    ["0.0.0.0:80", "no public"],
    ["[::]", "no public"],
    ["192.0.2.1", "no public"],
    ["255.255.255.255", "no public"],
    ["[2001:db8::1]", "no public"],
    ["[64:ff9b::7f00:1]", "no public"],
  ])("%s is refused when it is asked for, in a container", (entry, why) => {
    const { refusals } = planned({ net: ["x.org", entry] }, { egress });
    const message = expect.stringMatching(`^permissions\\.net\\[1\\]: leads to .*${why}`);
    expect(refusals).toEqual([
      { field: "permissions.net[1]", value: entry, kind: "forbidden", message },
    ]);
    const tools = [{ name: "t", permissions: { net: [entry] } }];
    expect(planned("none", { egress, tools }).refusals[0]?.field).toBe(
      'tools "t": permissions.net[0]',
    );
    // There the process is on the host's network, without a proxy.
    const isolated = { level: "isolated", isolatedNet: true, egress } as const;
    expect(planned({ net: [entry] }, isolated).refusals).toEqual([]);
    const brokered = [{ name: "database", permissions: { net: [entry] }, brokered: true as const }];
    expect(planned("none", { egress, tools: brokered }).refusals).toEqual([]);
  });

  it.each([
    ["198.41.0.4", "198.41.0.4"],
    ["10.0.0.8:80", "10.0.0.8:80"],
    // Only one of its two ports.
    ["10.0.0.8", "10.0.0.8"],
    ["in.test:8080", "in.test:8080"],
    ["out.test", "out.test"],
    ["[fd00:1::8]:443", "[fd00:1::8]:443"],
    ["localhost:5000", "localhost:5000"],
    ["not-known.test", "not-known.test"],
  ])("is none where the operator has opened it, or it may be public: %s", (entry, granted) => {
    expect(outcome("net", entry, { egress })).toBe(granted);
  });
});
