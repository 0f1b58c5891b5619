import { describe, expect, it } from "vitest";
import { matchesPath, patternFault, plainPath } from "../../../../src/destinations/path-pattern.ts";

describe("a pattern of paths", () => {
  it.each([
    ["/a", "/a", true],
    ["/a", "/a/", false],
    ["/a/", "/a/", true],
    ["/", "/", true],
    ["/*", "/", true],
    ["/*", "/a/b", false],
    ["/a/*/c", "/a/b/c", true],
    ["/a/*/c", "/a/b/d/c", false],
    ["/a*c", "/abc", true],
    ["/a*c", "/ac", true],
    ["/a*bc*d", "/axbcxd", true],
    ["/a*bc*d", "/axbd", false],
    ["/ab*b", "/ab", false],
    ["/a/**", "/a", false],
    ["/a/**", "/a/", true],
    ["/a/**", "/a/b/c", true],
    ["/a/**", "/ab/c", false],
    ["/**", "/anything/at/all", true],
    ["/a%c3%a9", "/a%C3%A9", true],
  ])("%s takes %s: %s", (pattern, path, expected) => {
    expect(patternFault(pattern)).toBeUndefined();
    expect(matchesPath(pattern, plainPath(path) ?? "")).toBe(expected);
  });

  it("takes a time that does not explode", () => {
    const pattern = `/${"a*".repeat(90)}b`;
    const begun = process.cpuUsage().user;
    expect(matchesPath(pattern, `/${"a".repeat(16_000)}`)).toBe(false);
    expect((process.cpuUsage().user - begun) / 1_000).toBeLessThan(1_000);
  });
});
