import { describe, expect, it } from "vitest";
import { confineCookie } from "../../../../server/functions/http/cookies.ts";
import { forwardedHeaders, mountOf, outward } from "../../../../server/functions/http/mount.ts";

const FN = { tenant: "default", name: "place" };
const asked = (path: string, host = "http://h.example") => `${host}/f/default/place${path}`;

describe("the place of a function", () => {
  it.each([
    ["/login", "/f/default/place/login"],
    ["/", "/f/default/place/"],
    ["http://h.example/login?a#b", "http://h.example/f/default/place/login?a#b"],
    ["/f/default/place/x", "/f/default/place/x"],
    ["/f/default/place?x", "/f/default/place?x"],
    ["/f/default/placed", "/f/default/place/f/default/placed"],
    ["/\\evil.example", "/f/default/place/\\evil.example"],
    ["next?a", "next?a"],
    ["//other.example/x", "//other.example/x"],
    ["https://other.example/x", "https://other.example/x"],
    ["http://h.example:81/x", "http://h.example:81/x"],
    ["http://[", "http://["],
  ])("is added to a redirect to %s", (location, expected) => {
    expect(outward(location, mountOf(FN, asked("/a"), undefined, true))).toBe(expected);
    expect(outward(location, mountOf(FN, asked("/a"), undefined, false))).toBe(location);
  });

  it.each([
    ["Path=/admin", "/f/default/place/admin"],
    ["path=/", "/f/default/place"],
    ["Path=/f/default/place/x", "/f/default/place/x"],
    ["Path=x", "/f/default/place"],
    ["HttpOnly", "/f/default/place"],
    ["Path=/f/default/other", "/f/default/place/f/default/other"],
  ])("confines a cookie with %s", (attribute, path) => {
    const confined = confineCookie(`a=1; ${attribute}`, "/f/default/place", true);
    expect(confined.split("; ").at(-1)).toBe(`Path=${path}`);
  });

  it("has the path of the public URL in front", () => {
    const mount = mountOf(FN, asked("/a?b"), "https://api.example/run/", true);
    expect(mount).toEqual({
      path: "/run/f/default/place",
      url: "https://api.example/a?b",
      seesRoot: true,
    });
    expect(Object.fromEntries(forwardedHeaders(mount))).toEqual({
      "x-forwarded-host": "api.example",
      "x-forwarded-prefix": "/run/f/default/place",
      "x-forwarded-proto": "https",
    });
    const whole = mountOf(FN, asked("/a?b"), "https://api.example/run/", false);
    expect(whole.url).toBe("https://api.example/run/f/default/place/a?b");
  });
});
