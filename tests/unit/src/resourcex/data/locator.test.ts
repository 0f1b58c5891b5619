import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accepted, parseAuthority } from "../../../../../src/destinations/host.ts";
import { LocatorError } from "../../../../../src/resourcex/base/resourcex-errors.ts";
import { parseRXL } from "../../../../../src/resourcex/data/locator.ts";
import { createRXM } from "../../../../../src/resourcex/data/manifest.ts";
import {
  storableOf,
  storageSegments,
  toStorable,
} from "../../../../../src/resourcex/data/storable.ts";

describe("a locator is parsed as", () => {
  it.each([
    ["hello", { name: "hello" }],
    ["hello.text", { name: "hello", type: "text" }],
    ["hello.text@1.0.0", { name: "hello", type: "text", version: "1.0.0" }],
    ["hello@1.0.0", { name: "hello", version: "1.0.0" }],
    ["x.org", { name: "x", type: "org" }],
    ["x.org/hello", { domain: "x.org", name: "hello" }],
    ["x.org/hello.text", { domain: "x.org", name: "hello", type: "text" }],
    ["localhost/a.b.text", { domain: "localhost", name: "a.b", type: "text" }],
    ["x.org/a/b/c.json@2", { domain: "x.org", path: "a/b", name: "c", type: "json", version: "2" }],
    ["team/hello.text", { name: "team/hello", type: "text" }],
    ["a/b.c/d", { name: "a/b", type: "c/d" }],
    ["a.text@1@2", { name: "a", type: "text", version: "1@2" }],
    ["a@x.org/b", { name: "a", version: "x.org/b" }],
    ["localhost//a", { domain: "localhost", path: "", name: "a" }],
    ["a@", { name: "a", version: "" }],
    ["a.", { name: "a", type: "" }],
    ["", { name: "" }],
    ["/", { name: "/" }],
    ["@", { name: "", version: "" }],
    ["../../etc/passwd", { domain: "..", path: "../etc", name: "passwd" }],
  ])("%s", (locator, parts) => {
    expect({ ...parseRXL(locator) }).toEqual(parts);
    expect(String(parseRXL(locator))).toBe(locator);
  });

  it("whatever text, which it gives back", () => {
    const pieces = fc.constantFrom("a", ".", "/", "@", "localhost", "x.org", "\0", "\\", "..", "é");
    const anything = fc.oneof(
      fc.string(),
      fc.array(pieces).map((all) => all.join("")),
    );
    fc.assert(fc.property(anything, (locator) => String(parseRXL(locator)) === locator));
  });

  it("text of any length, at once", () => {
    for (const piece of ["a", "/", ".", "@", "x.org/"]) {
      const locator = piece.repeat(100_000);
      expect(String(parseRXL(locator))).toBe(locator);
    }
  });
});

describe("where a locator becomes a path,", () => {
  it.each([
    ["hello.text", ["localhost", "hello.text", "latest"]],
    ["localhost/hello.text@1", ["localhost", "hello.text", "1"]],
    ["team/hello.text@1", ["localhost", "team", "hello.text", "1"]],
    ["x.org/hello", ["x.org", "hello", "latest"]],
    ["x.org/a/b/c.text@1.0.0", ["x.org", "a", "b", "c.text", "1.0.0"]],
    ["x.org:8443/c.text", ["x.org:8443", "c.text", "latest"]],
    ["x.org/v1.0/c.text@1@2", ["x.org", "v1.0", "c.text", "1@2"]],
    ["x.org/a/manifest.json@1", ["x.org", "a", "manifest.json", "1"]],
    ["a..b.text", ["localhost", "a..b.text", "latest"]],
    ["a?b#c%2e%2e.text", ["localhost", "a?b#c%2e%2e.text", "latest"]],
  ])("%s is one", (locator, segments) => {
    expect(storageSegments(toStorable(locator))).toEqual(segments);
  });

  it.each([
    ["nothing", ""],
    ["no name", "x.org/.text"],
    ["an empty type", "x.org/a."],
    ["an empty version", "a.text@"],
    ["an empty path", "x.org//a.text"],
    ["a slash at the start", "/etc/passwd"],
    ["a slash at the end", "x.org/a/"],
    ["dots for a domain", "../a.text"],
    ["dots in the path", "x.org/../a.text"],
    ["dots in a path of localhost", "a/../../b.text"],
    ["one dot in the path", "x.org/./a.text"],
    ["dots for a name", "x.org/.."],
    ["dots and a type for a name", "x.org/...text"],
    ["dots for a version", "a.text@.."],
    ["a path for a version", "a.text@../../../../etc"],
    ["a slash in the version", "a.text@1/2"],
    ["NUL", "a\0.text"],
    ["a line break", "a\n.text"],
    ["a backslash", "..\\..\\a.text"],
    ["a domain that is hidden", ".tmp/a.text"],
    ["the place of the links", ".links/a.text"],
    ["a domain with a space", "x y.org/a.text"],
    ["a domain with a user", "user:x.org/a.text"],
    ["a domain with a bad port", "x.org:99999999/a.text"],
    ["a domain with a port with zeros before it", "x.org:080/a.text"],
    ["a domain with the port it has anyway", "x.org:443/a.text"],
    ["a domain with the port it has anyway, and a tag", "x.org:443/a:1"],
    ["a domain with that port and zeros", "x.org:0443/a.text"],
    ["a domain with no port that there is", "x.org:65536/a:1"],
    ["a domain with port 0", "x.org:0/a.text"],
    ["a domain with an empty port", "x.org:/a.text"],
    ["a name with a port of six digits", "x:123456/a.text"],
    ["a domain that is a number", "2130706433:80/a.text"],
    ["a domain that is an address for some", "0x7f.1/a.text"],
    ["a domain with a dot behind it", "x.org./a.text"],
    ["a domain in brackets", "[::1]:80/a.text"],
    ["a domain with a long label", `${"a".repeat(64)}.org/a.text`],
    ["a domain with two dots", "x..org/a.text"],
    ["half a surrogate pair", "a\ud800.text"],
    ["257 characters", `${"a".repeat(252)}.text`],
    ["10,000 characters", "a".repeat(10_000)],
    ["a name of more than 255 bytes", "€".repeat(90)],
    ["a file of another resource", "x.org/a.text/1.0/manifest.json@2"],
    ["a file of another version", "x.org/a.b/c.d@archive.tar.gz"],
  ])("%s is refused", (_what, locator) => {
    expect(() => toStorable(locator)).toThrow(LocatorError);
    expect(() => toStorable(locator)).toThrow("Invalid locator");
  });

  it("has the domains that the rest of the product reads, less other spellings of one", () => {
    const label = fc.stringMatching(/^[a-zA-Z0-9._-]{1,8}$/);
    const port = fc.oneof(fc.constant(""), fc.stringMatching(/^:[0-9]{1,6}$/), fc.constant(":443"));
    fc.assert(
      fc.property(label, port, (host, behind) => {
        const domain = `${host}.org${behind}`;
        const known = accepted(() => parseAuthority(domain, 443));
        const isGood = known !== undefined && !domain.endsWith(":443");
        const parsed = (): unknown => toStorable(`${domain}/a.text`).domain;
        if (isGood) expect(parsed()).toBe(domain);
        else expect(parsed).toThrow(LocatorError);
      }),
      {
        examples: [
          ["x", ":65535"],
          ["x", ":65536"],
          ["x", ":01"],
          ["x", ""],
          ["x", ":443"],
        ],
      },
    );
  });

  it.each([[undefined], [null], [7], [{ toString: () => "a.text" }]])("%s is refused", (what) => {
    expect(() => toStorable(what as unknown as string)).toThrow(LocatorError);
  });

  it.each([
    ["256 characters", `${"a".repeat(150)}/${"b".repeat(100)}.text`],
    ["255 bytes of a name", "€".repeat(85)],
  ])("%s are no more than fit", (_what, locator) => {
    expect(() => toStorable(locator)).not.toThrow();
    expect(() => toStorable(`${locator}a`)).toThrow(LocatorError);
  });

  it("a refusal shows no more than the beginning, and no control characters", () => {
    const message = (locator: string) => {
      try {
        toStorable(locator);
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    };
    expect(message("a".repeat(10_000)).length).toBeLessThan(200);
    expect(message("a\u001b[31m")).not.toContain("\u001b");
  });
});

describe("a manifest's locator is", () => {
  const fields = { domain: "x.org", name: "a", type: "text", version: "1" };

  it("that of its fields", () => {
    expect(String(storableOf(createRXM({ ...fields, path: "b/c" })))).toBe("x.org/b/c/a.text@1");
  });

  it.each([
    ["a domain that is none", { domain: "team" }],
    ["a domain with a slash", { domain: "x.org/b" }],
    ["a path with dots", { path: ".." }],
    ["a path that is absolute", { path: "/etc" }],
    ["a path that ends with a slash", { path: "b/" }],
    ["a version in the path", { path: "b@c" }],
    ["a name with a slash", { name: "b/c" }],
    ["a name with dots", { name: "../../c" }],
    ["a version in the name", { name: "b@c" }],
    ["a type with a dot", { type: "tar.gz" }],
    ["a type with a slash", { type: "text/plain" }],
    ["a version with a slash", { version: "../1" }],
    ["NUL", { name: "a\0" }],
  ])("refused for %s", (_what, change) => {
    expect(() => storableOf(createRXM({ ...fields, ...change }))).toThrow(LocatorError);
  });
});
