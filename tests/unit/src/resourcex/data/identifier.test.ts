import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LocatorError } from "../../../../../src/resourcex/base/resourcex-errors.ts";
import { formatRXI, parseRXI, type RXI } from "../../../../../src/resourcex/data/identifier.ts";
import { formOf, parseRXL } from "../../../../../src/resourcex/data/locator.ts";
import {
  identifierOf,
  storableOfRXI,
  storageSegments,
  toStorable,
} from "../../../../../src/resourcex/data/storable.ts";

const DIGEST = `sha256:${"0a".repeat(32)}`;

describe("a locator of today is parsed as", () => {
  it.each([
    ["hello", { name: "hello", tag: "latest" }],
    ["hello:1.0.0", { name: "hello", tag: "1.0.0" }],
    ["prompts/hello:stable", { path: "prompts", name: "hello", tag: "stable" }],
    ["localhost:3098/hello:1", { registry: "localhost:3098", name: "hello", tag: "1" }],
    ["localhost/hello", { registry: "localhost", name: "hello", tag: "latest" }],
    ["x.org/a/b/c:2", { registry: "x.org", path: "a/b", name: "c", tag: "2" }],
    ["x.org/gpt-4.5:1.0", { registry: "x.org", name: "gpt-4.5", tag: "1.0" }],
    ["gpt-4.5", { name: "gpt-4.5", tag: "latest" }],
    [`hello@${DIGEST}`, { name: "hello", tag: "latest", digest: DIGEST }],
    [`a/b:beta@${DIGEST}`, { path: "a", name: "b", tag: "beta", digest: DIGEST }],
  ])("%s", (locator, parts) => {
    expect(parseRXI(locator)).toEqual(parts);
  });

  it.each<[string, RXI]>([
    ["hello", { name: "hello", tag: "latest" }],
    ["gpt-4.5:latest", { name: "gpt-4.5", tag: "latest" }],
    [
      `x.org/a/b:1@${DIGEST}`,
      { registry: "x.org", path: "a", name: "b", tag: "1", digest: DIGEST },
    ],
  ])("%s, and made of its parts", (locator, parts) => {
    expect(formatRXI(parts)).toBe(locator);
    expect(parseRXI(locator)).toEqual(parts);
  });
});

describe("a locator of today is refused", () => {
  it.each([
    ["that is empty", "", "no name"],
    ["without a name", "x.org/:1", "no name"],
    ["without a name before its digest", `@${DIGEST}`, "no name"],
    ["with an empty tag", "hello:", "tag is empty"],
    ["with a slash at the start", "/hello:1", "begins with a slash"],
    ["with an encoded slash at the start", "%2Fhello:1", "begins with a slash"],
    ["with dots", "a/../hello:1", '".."'],
    ["with encoded dots", "a/%2e%2E/hello:1", '".."'],
    ["with a NUL", "hello\0:1", "forbidden character"],
    ["with an encoded NUL", "hello%00:1", "forbidden character"],
    ["with a line break", "hello\n:1", "forbidden character"],
    ["with an encoded line break", "hello%0a:1", "forbidden character"],
    ["with a backslash", "a\\hello:1", "forbidden character"],
    ["with ;", "hello;rm:1", "forbidden character"],
    ["with |", "hello|sh:1", "forbidden character"],
    ["with &", "hello&:1", "forbidden character"],
    ["with $", "hello:$HOME", "forbidden character"],
    ["with a backtick", "hello:`id`", "forbidden character"],
    ["with half a surrogate pair", "hello\ud800:1", "Unicode"],
    ["of 257 characters", `${"a".repeat(255)}:1`, "256 characters"],
    ["with two colons", "hello:1:2", "name has a colon"],
    ["with a short digest", "hello@sha256:abc", "no digest"],
    ["with a digest in capitals", `hello@${DIGEST.toUpperCase()}`, "no digest"],
    ["with another digest", `hello:1@md5:${"0".repeat(32)}`, "of two forms"],
    ["with a tag and a version", "hello:1@2", "of two forms"],
  ])("%s", (_what, locator, why) => {
    expect(() => parseRXI(locator)).toThrow(LocatorError);
    expect(() => parseRXI(locator)).toThrow(why);
  });
});

describe("of a locator of either form,", () => {
  it.each([
    ["hello", "either", ["localhost", "hello", "latest"]],
    ["team/hello", "either", ["localhost", "team", "hello", "latest"]],
    ["localhost:3098/hello", "either", ["localhost:3098", "hello", "latest"]],
    ["hello:1.0.0", "tagged", ["localhost", "hello", "1.0.0"]],
    ["hello.text:1.0.0", "tagged", ["localhost", "hello.text", "1.0.0"]],
    ["x.org:80/a/hello:1.0.0", "tagged", ["x.org:80", "a", "hello", "1.0.0"]],
    [`hello@${DIGEST}`, "tagged", ["localhost", "hello", "latest"]],
    ["hello.text", "typed", ["localhost", "hello.text", "latest"]],
    ["hello@1.0.0", "typed", ["localhost", "hello", "1.0.0"]],
    ["hello.text@1:2", "typed", ["localhost", "hello.text", "1:2"]],
    ["x.org:80/hello.text@1", "typed", ["x.org:80", "hello.text", "1"]],
  ])("%s is %s", (locator, form, segments) => {
    expect(formOf(locator)).toBe(form);
    expect(storageSegments(toStorable(locator))).toEqual(segments);
    expect(String(parseRXL(locator))).toBe(locator);
  });

  it("a tag is never a type", () => {
    expect({ ...parseRXL("x.org/team/hello:1.0.0") }).toEqual({
      domain: "x.org",
      path: "team",
      name: "hello",
      version: "1.0.0",
    });
    expect(parseRXL("hello:1.text").type).toBeUndefined();
  });

  it.each([
    ["a tag and a version", "hello:1@2", "of two forms"],
    ["a type, a tag and a version", "hello.text:1@2", "of two forms"],
    ["a type and a digest", `hello.text@${DIGEST}`, "of two forms"],
    ["a type and a digest that is none", "x.org/hello.text@sha256:1", "of two forms"],
  ])("what has %s is refused", (_what, locator, why) => {
    expect(() => toStorable(locator)).toThrow(LocatorError);
    expect(() => toStorable(locator)).toThrow(why);
  });
});

const word = fc.stringMatching(/^[a-z\d][a-z\d-]{0,9}$/);
const dotted = fc.oneof(
  word,
  fc.tuple(word, word).map((two) => two.join(".")),
);
const identifier: fc.Arbitrary<RXI> = fc.record(
  {
    registry: fc.constantFrom("localhost", "x.org", "x.org:8443", "localhost:3098"),
    path: fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")),
    name: dotted,
    tag: fc.oneof(fc.constant("latest"), dotted),
    digest: fc.constant(DIGEST),
  },
  { requiredKeys: ["name", "tag"] },
);

describe("whatever its parts,", () => {
  it("an identifier comes back from its locator, in both readings", () => {
    fc.assert(
      fc.property(identifier, (parts) => {
        const text = formatRXI(parts);
        expect(parseRXI(text)).toEqual(parts);
        expect({ ...toStorable(text) }).toEqual({ ...storableOfRXI(parts) });
        expect(formatRXI(parseRXI(formatRXI(identifierOf(toStorable(text)))))).toBe(
          formatRXI(identifierOf(toStorable(text))),
        );
      }),
    );
  });

  it("a locator with a type and a version is of the other form", () => {
    fc.assert(
      fc.property(word, word, dotted, (name, type, version) => {
        const text = `${name}.${type}@${version}`;
        expect(formOf(text)).toBe("typed");
        expect({ ...parseRXL(text) }).toEqual({ name, type, version });
      }),
    );
  });
});
