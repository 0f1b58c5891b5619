import { describe, expect, it } from "vitest";
import { parseStoreUrl } from "../../../../server/store/hosts/store-url.ts";

const hosts = (url: string): string[] =>
  parseStoreUrl(url).hosts.map(({ host, port }) => `${host} ${port}`);

describe("the URL of a store", () => {
  it.each([
    ["postgres://u:p@a/d", ["a 5432"]],
    ["postgres://u:p@a:1,b:2/d", ["a 1", "b 2"]],
    ["postgresql://u@a,b:2,[::1]:3/d?target_session_attrs=read-write", ["a 5432", "b 2", "::1 3"]],
    [
      "postgres://u:p,q%40r@a,b/d?target_session_attrs=primary&sslmode=require",
      ["a 5432", "b 5432"],
    ],
    ["postgres://u:p@x@a,b", ["a 5432", "b 5432"]],
  ])("has the hosts of %s", (url, expected) => {
    expect(hosts(url)).toEqual(expected);
  });

  it("keeps its other parts", () => {
    const url = "postgres://u:p%2Cq@a,b/d?sslmode=require&target_session_attrs=read-write";
    const { user, password, database, tls } = parseStoreUrl(url);
    expect({ user, password, database, mode: tls?.mode }).toEqual({
      user: "u",
      password: "p,q",
      database: "d",
      mode: "require",
    });
  });

  it.each([
    ["postgres://u:s3cret@a,/d", "no host"],
    ["postgres://u:s3cret@,a/d", "no host"],
    ["postgres://u:s3cret@a,b:x/d", "no URL"],
    ["postgres://u:s3cret@a,b/d?target_session_attrs=any", "read-write or primary"],
    ["postgres://u:s3cret@a,b/d?target_session_attrs=read-write&x=s3cret", "no options but"],
    ["postgres://u:s3c?ret,x@a,b/d", "no URL"],
    ["mysql://u:s3cret@a,b/d", "begin with"],
  ])("is refused without being quoted: %s", (url, reason) => {
    const parse = () => parseStoreUrl(url);
    expect(parse).toThrow(reason);
    expect(parse).not.toThrow(/s3c/);
  });
});
