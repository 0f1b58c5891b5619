import { describe, expect, it } from "vitest";
import { Allowlist } from "../../../../src/destinations/allowlist.ts";
import { HostError, parseAuthority } from "../../../../src/destinations/host.ts";

const ROWS: [entry: string, destination: string, verdict: "yes" | "host" | "port"][] = [
  ["api.example.com", "api.example.com:443", "yes"],
  ["api.example.com", "api.example.com:80", "yes"],
  ["api.example.com", "API.EXAMPLE.COM:443", "yes"],
  ["API.example.com", "api.example.com:443", "yes"],
  ["api.example.com", "api.example.com:8080", "port"],
  ["api.example.com", "example.com:443", "host"],
  ["api.example.com", "x.api.example.com:443", "host"],
  ["api.example.com", "api.example.com.evil.com:443", "host"],
  ["api.example.com", "xapi.example.com:443", "host"],
  ["db.example.com:5432", "db.example.com:5432", "yes"],
  ["db.example.com:5432", "db.example.com:443", "port"],
  ["*.example.org", "a.example.org:443", "yes"],
  ["*.example.org", "a.b.c.example.org:80", "yes"],
  ["*.example.org", "example.org:443", "host"],
  ["*.example.org", "evilexample.org:443", "host"],
  ["*.example.org", "a.example.org.evil.com:443", "host"],
  ["*.example.org:443", "a.example.org:80", "port"],
  ["192.0.2.7:80", "192.0.2.7:80", "yes"],
  ["192.0.2.7:80", "192.0.2.7:443", "port"],
  ["192.0.2.7", "192.0.2.8:80", "host"],
  ["[2001:DB8::1]:443", "[2001:db8:0:0:0:0:0:1]:443", "yes"],
  ["[2001:db8::1]", "[2001:db8::2]:443", "host"],
  ["192.0.2.7", "[::ffff:192.0.2.7]:80", "host"],
  ["*", "anything.example:443", "yes"],
  ["*", "anything.example:8443", "port"],
  ["*.example:8443", "anything.example:8443", "yes"],
  ["*", "192.0.2.7:443", "host"],
  ["*", "[2001:db8::1]:443", "host"],
];

const NO_ENTRIES = [
  "",
  "*.",
  "**",
  "*.*.example.com",
  "a.*.example.com",
  "*example.com",
  "*.192.0.2.7",
  "*.[::1]",
  "example.com:",
  "example.com:0",
  "example.com:*",
  "http://example.com",
  "example.com/path",
  "192.0.2.0/24",
  "::1",
  "127.1",
  "*:8443",
  "unix:80",
  "vsock:80",
  "[::ffff:192.0.2.7]",
  "[::ffff:c000:207]:443",
  "[::ffff:0:192.0.2.7]",
  "\u212aube.example",
  "bücher.example",
];

describe("an allowlist", () => {
  const named = { allowed: "yes", "host-not-allowed": "host", "port-not-allowed": "port" };

  it.each(ROWS)("with %s says of %s: %s", (entry, destination, verdict) => {
    expect(named[new Allowlist([entry]).verdict(parseAuthority(destination))]).toBe(verdict);
  });

  it("takes no entry that is no host", () => {
    for (const entry of NO_ENTRIES) expect(() => new Allowlist([entry])).toThrow(HostError);
  });

  it("names the entry that is wrong", () => {
    expect(() => new Allowlist(["good.com", "bad_.com"])).toThrow(/"bad_\.com"/);
  });

  it("that is empty allows nothing", () => {
    expect(new Allowlist([]).verdict(parseAuthority("a.example:80"))).toBe("host-not-allowed");
  });

  it("joins the ports of entries that match the same host", () => {
    const list = new Allowlist(["a.example:81", "*.example:82", "*.example:83"]);
    const verdicts = [81, 82, 83, 84].map((port) =>
      list.verdict(parseAuthority(`a.example:${port}`)),
    );
    expect(verdicts).toEqual(["allowed", "allowed", "allowed", "port-not-allowed"]);
  });
});
