import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { isLocal } from "../../../../src/destinations/local.ts";
import { detect } from "../../../../src/permissions/detector.ts";
import { merge } from "../../../../src/permissions/merger.ts";
import { normalize } from "../../../../src/permissions/normalizer.ts";
import { parse } from "../../../../src/permissions/parser.ts";
import { LISTS, type Perms } from "../../../../src/permissions/perms.ts";
import { validate } from "../../../../src/permissions/validator.ts";

const names = fc.array(fc.constantFrom("a", "b", "c", "d", "*"), { maxLength: 4 });
const anyPerms: fc.Arbitrary<Perms> = fc.oneof(
  { weight: 1, arbitrary: fc.constant("none" as const) },
  {
    weight: 5,
    arbitrary: fc.record(
      {
        env: names,
        net: names,
        read: names,
        write: names,
        run: names,
        ffi: names,
        sys: names,
        hrtime: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
  },
);

const withoutBooleans = (perms: Perms) => ({ ...normalize(perms), hrtime: false });

/** Malformed permissions, with the key that the error names. */
const malformed: [string, unknown, string][] = [
  ["inherited permissions", "inherit", '"inherit"'],
  ["an inherited list", { net: "inherit" }, '"net" cannot be "inherit"'],
  ["an inherited boolean", { hrtime: "inherit" }, '"hrtime" cannot be "inherit"'],
  ["an inherited key that is unknown", { import: "inherit" }, '"import" cannot be "inherit"'],
  ["a list that is a string", { read: "/" }, '"read" is not a list of strings'],
  ["a list that is true", { sys: true }, '"sys" is not a list of strings'],
  ["a list of something else", { env: ["A", 1] }, '"env" is not a list of strings'],
  ["a boolean that is a number", { hrtime: 1 }, '"hrtime" is not a boolean'],
  ["null", null, "neither"],
  ["a list", ["net"], "neither"],
  ["another word", "all", "neither"],
];

describe("merge", () => {
  it.each<[string, Perms[], Perms]>([
    ["nothing", [], "none"],
    ["none with none", ["none", "none"], "none"],
    ["none with an object", ["none", { env: ["A"] }], { env: ["A"] }],
    ["an object with none", [{ env: ["A"] }, "none"], { env: ["A"] }],
    ["none with an empty object", ["none", {}], {}],
    ["different keys", [{ env: ["A"] }, { net: ["b"] }], { env: ["A"], net: ["b"] }],
    [
      "lists, in the order of first appearance",
      [{ net: ["b", "a"] }, { net: ["c", "a"] }, { net: ["d", "b"] }],
      { net: ["b", "a", "c", "d"] },
    ],
    ["duplicates within a list", [{ run: ["a", "a"] }, "none"], { run: ["a"] }],
    ["an empty list with none", [{ ffi: [] }, "none"], { ffi: [] }],
    ["booleans, the last one on", [{ hrtime: false }, { hrtime: true }], { hrtime: true }],
    ["booleans, the last one off", [{ hrtime: true }, { hrtime: false }], { hrtime: false }],
    ["a boolean with its absence", [{ hrtime: true }, {}], { hrtime: true }],
    ["the word in a list", [{ env: ["inherit"] }, {}], { env: ["inherit"] }],
  ])("of %s", (_what, all, expected) => {
    expect(merge(...all)).toStrictEqual(expected);
  });

  it.each(malformed)("refuses %s, wherever it stands", (_what, perms, message) => {
    expect(() => merge(perms as Perms, "none")).toThrow(message);
    expect(() => merge("none", { env: ["A"] }, perms as Perms)).toThrow(message);
  });

  it("changes none of its arguments", () => {
    const first = { net: ["a"] };
    merge(first, { net: ["b"] });
    expect(first).toEqual({ net: ["a"] });
  });

  it("is associative", () => {
    fc.assert(
      fc.property(anyPerms, anyPerms, anyPerms, (a, b, c) => {
        expect(merge(a, merge(b, c))).toStrictEqual(merge(merge(a, b), c));
        expect(merge(a, b, c)).toStrictEqual(merge(merge(a, b), c));
      }),
    );
  });

  it("is idempotent", () => {
    fc.assert(
      fc.property(anyPerms, anyPerms, (a, b) => {
        const merged = merge(a, b);
        expect(merge(merged, merged)).toStrictEqual(merged);
        expect(merge(merged, b)).toStrictEqual(merged);
      }),
    );
  });

  it("has none as its neutral element", () => {
    fc.assert(
      fc.property(anyPerms, (a) => {
        expect(merge("none", a)).toStrictEqual(merge(a, "none"));
        expect(normalize(merge("none", a))).toStrictEqual(normalize(a));
      }),
    );
  });

  it("is never wider, nor narrower, than the union", () => {
    fc.assert(
      fc.property(fc.array(anyPerms, { maxLength: 5 }), (all) => {
        const merged = normalize(merge(...all));
        const each = all.map(normalize);
        for (const name of LISTS) {
          expect(new Set(merged[name])).toEqual(new Set(each.flatMap((perms) => perms[name])));
        }
        if (merged.hrtime) expect(each.some((perms) => perms.hrtime)).toBe(true);
      }),
    );
  });

  it("grants the same in every order, booleans aside", () => {
    fc.assert(
      fc.property(
        fc
          .array(anyPerms, { maxLength: 5 })
          .chain((all) =>
            fc.tuple(
              fc.constant(all),
              fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
            ),
          ),
        ([all, shuffled]) => {
          expect(withoutBooleans(merge(...shuffled))).toEqual(withoutBooleans(merge(...all)));
        },
      ),
    );
  });
});

describe("parse", () => {
  it.each([
    ["postgres://user@localhost:5432/db", "localhost:5432"],
    ["postgres://user:p%40ss@db.example.com/db", "db.example.com:5432"],
    ["postgresql://db/app", "db:5432"],
    ["postgres://DB.Example.com/db", "db.example.com:5432"],
    ["postgres://my_db/db", "my_db:5432"],
    ["http://example.com", "example.com:80"],
    ["https://example.com/a?b=c#d", "example.com:443"],
    ["https://example.com:443", "example.com:443"],
    ["https://example.com:8443", "example.com:8443"],
    ["ws://example.com", "example.com:80"],
    ["wss://example.com", "example.com:443"],
    ["mysql://root@db", "db:3306"],
    ["mariadb://root@db", "db:3306"],
    ["redis://:secret@cache/0", "cache:6379"],
    ["rediss://cache", "cache:6379"],
    ["mongodb://db", "db:27017"],
    ["postgres://[::1]/db", "[::1]:5432"],
    ["https://[2001:DB8:0::1]:8443", "[2001:db8::1]:8443"],
    ["http://127.1", "127.0.0.1:80"],
    ["other://host:99", "host:99"],
  ])("%s leads to %s", (url, expected) => {
    expect(parse(url)).toBe(expected);
  });

  it.each([
    ["nothing", "", "Not a URL"],
    ["text", "secret", "Not a URL"],
    ["a bad port", "postgres://u:secret@host:port/db", "Not a URL"],
    ["a password with a hash", "postgres://u:secret#x@host/db", "Not a URL"],
    ["several hosts with ports", "mongodb://u:secret@a:1,b:2/db", "Not a URL"],
    ["several hosts", "mongodb://u:secret@a,b/db", "exactly one host"],
    ["a wildcard", "postgres://u:secret@*/db", "exactly one host"],
    ["an escape", "postgres://u:secret@%2a/db", "exactly one host"],
    ["no host", "postgres:///secret", "exactly one host"],
    ["a host without a scheme", "secret:5432", "exactly one host"],
    ["credentials without a scheme", "u:secret@host", "exactly one host"],
    ["an unknown scheme", "other://u:secret@host", 'scheme "other:" has no known one'],
    ["a scheme named like a method", "constructor://u:secret@host", "no known one"],
    ["a scheme that looks hosts up", "mongodb+srv://u:secret@host", "no known one"],
  ])("refuses %s without repeating it", (_what, url, message) => {
    let thrown: unknown;
    try {
      parse(url);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(Error);
    expect((thrown as Error).message).toContain(message);
    // Everything that a logger might print of it.
    const printed = [(thrown as Error).message, (thrown as Error).cause, JSON.stringify(thrown)];
    expect(printed.join()).not.toContain("secret");
  });
});

describe("isLocal", () => {
  it.each([
    "localhost",
    "localhost:5432",
    "LocalHost",
    "localhost.",
    "localhost.:80",
    "a.localhost",
    "*.localhost:80",
    "127.0.0.1",
    "127.0.0.1:80",
    "127.255.3.4",
    "127.1",
    "0x7f000001",
    "2130706433:80",
    "0.0.0.0",
    "0.0.0.0:80",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1",
    "[::1]",
    "[::1]:80",
    "[0:0:0:0:0:0:0:1]:80",
    "[::]",
    "[::]:80",
    "[::ffff:127.0.0.1]:80",
    "127.0.0.0/8",
    "127.5.0.0/16:80",
    "64.0.0.0/2",
    "0.0.0.0/0",
    "unix:/run/postgresql/.s.PGSQL.5432",
    "vsock:2:80",
  ])("is true for %s", (entry) => {
    expect(isLocal(entry)).toBe(true);
  });

  it.each([
    "*",
    "",
    "example.com",
    "localhost.example.com:80",
    "notlocalhost",
    "128.0.0.1",
    "10.0.0.1:80",
    "10.0.0.0/8",
    "128.0.0.0/1:80",
    "1.2.3/8",
    "10.0.0.0/99",
    "[2001:db8::1]:80",
    "127.example.com",
    "unix.example.com",
  ])('is false for "%s"', (entry) => {
    expect(isLocal(entry)).toBe(false);
  });
});

describe("detect", () => {
  it.each<[Perms, ReturnType<typeof detect>]>([
    ["none", { wild: false, hosts: 0, local: false }],
    [{}, { wild: false, hosts: 0, local: false }],
    [{ net: ["*", "localhost"] }, { wild: true, hosts: 2, local: true }],
    [{ net: ["*"] }, { wild: true, hosts: 1, local: false }],
    [{ net: ["*.example.com"] }, { wild: true, hosts: 1, local: false }],
    [{ net: ["*:443"] }, { wild: true, hosts: 1, local: false }],
    [{ net: ["0.0.0.0/0"] }, { wild: true, hosts: 1, local: true }],
    [{ net: ["9.9.9.9/0:80"] }, { wild: true, hosts: 1, local: true }],
    [{ net: ["10.0.0.0/10"] }, { wild: false, hosts: 1, local: false }],
    [{ net: ["a", "b", "a"] }, { wild: false, hosts: 2, local: false }],
    [{ env: ["*"] }, { wild: true, hosts: 0, local: false }],
    [{ env: ["AWS_*"] }, { wild: true, hosts: 0, local: false }],
    [{ read: ["*"] }, { wild: true, hosts: 0, local: false }],
    [{ sys: ["*"] }, { wild: true, hosts: 0, local: false }],
    [{ read: ["/srv/a*b"] }, { wild: false, hosts: 0, local: false }],
    [{ env: ["localhost"] }, { wild: false, hosts: 0, local: false }],
  ])("%j", (perms, expected) => {
    expect(detect(perms)).toStrictEqual(expected);
  });

  it.each(malformed)("refuses %s", (_what, perms, message) => {
    expect(() => detect(perms as Perms)).toThrow(message);
  });
});

describe("validate", () => {
  const hosts = (count: number) => Array.from({ length: count }, (_, i) => `h${i}.example.com`);
  const wildcard = "[Strict] Wildcard permission detected";
  const local = "[Strict] Local host access detected";

  it.each<[string, Perms, string[]]>([
    ["none", "none", []],
    ["a named host", { net: ["api.example.com"] }, []],
    ["ten hosts", { net: hosts(10) }, []],
    ["eleven hosts", { net: hosts(11) }, ["[Strict] Too many hosts: 11"]],
    ["a wildcard", { net: ["*"] }, [wildcard]],
    ["a local host", { net: ["127.0.0.1:80"] }, [local]],
    [
      "everything at once",
      { net: ["localhost", ...hosts(13), "*"] },
      [wildcard, "[Strict] Too many hosts: 15", local],
    ],
  ])("warns of %s if strict, and else not", (_what, perms, expected) => {
    const warn = vi.fn();
    expect(validate(perms, false, warn)).toEqual([]);
    expect(warn).not.toHaveBeenCalled();
    expect(validate(perms, true, warn)).toEqual(expected);
    expect(warn.mock.calls.map(([warning]) => warning)).toEqual(expected);
  });

  it("warns on the console unless told otherwise", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    validate({ net: ["*"] }, true);
    expect(warn.mock.calls).toEqual([[wildcard]]);
    warn.mockRestore();
  });

  it("refuses inherited permissions even if not strict", () => {
    expect(() => validate("inherit" as Perms, false)).toThrow('"inherit"');
  });
});

describe("normalize", () => {
  it("says every key", () => {
    const nothing = { env: [], net: [], read: [], write: [], run: [], ffi: [], sys: [] };
    expect(normalize("none")).toStrictEqual({ ...nothing, hrtime: false });
    expect(normalize({})).toStrictEqual({ ...nothing, hrtime: false });
    expect(normalize({ hrtime: true })).toStrictEqual({ ...nothing, hrtime: true });
  });

  it("leaves out what it does not know", () => {
    expect(normalize({ import: ["x.org"] } as Perms)).toStrictEqual(normalize("none"));
  });

  it("gives equal permissions equal text, and settles at once", () => {
    fc.assert(
      fc.property(anyPerms, (perms) => {
        const once = normalize(perms);
        expect(normalize(once)).toStrictEqual(once);
        const reversed = Object.entries(Object(perms === "none" ? {} : perms))
          .reverse()
          .map(([name, value]) => [name, Array.isArray(value) ? value.toReversed() : value]);
        expect(JSON.stringify(normalize(Object.fromEntries(reversed)))).toBe(JSON.stringify(once));
      }),
    );
  });

  it.each(malformed)("refuses %s", (_what, perms, message) => {
    expect(() => normalize(perms as Perms)).toThrow(message);
  });
});
