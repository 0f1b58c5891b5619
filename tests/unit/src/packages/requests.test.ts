/** Tests the pure parts of resolving: forms of versions, documents, policies and hashes. */
import { describe, expect, it } from "vitest";
import { memoryCache } from "../../../../src/packages/cache/memory-cache.ts";
import { PACKAGE_LIMITS } from "../../../../src/packages/limits.ts";
import { claimedPackage, resolverAnswer } from "../../../../src/packages/resolver/claims.ts";
import { resolverFault } from "../../../../src/packages/resolver/fault.ts";
import { slimPackument } from "../../../../src/packages/resolver/slim-packument.ts";
import { specsOf } from "../../../../src/packages/resolver/specs.ts";
import { faultError } from "../../../../src/packages/resolver/words.ts";
import { checkRequest } from "../../../../src/packages/source/check-request.ts";
import { lockHash } from "../../../../src/packages/source/lock.ts";
import { SharedWork } from "../../../../src/packages/source/shared-work.ts";
import type { LockedPackage } from "../../../../src/packages/types.ts";
import { matchingAdvisories } from "../../../../src/packages/unpacker/advisories.ts";

describe("versions of a request", () => {
  const specOf = (spec: string, name = "@a/b") =>
    specsOf({ dependencies: { [name]: spec }, overrides: {} }).dependencies[name];

  it.each([
    ["^1", "^1"],
    ["1.2.3", "1.2.3"],
    ["", ""],
    [">=1 <3 || 5.x", ">=1 <3 || 5.x"],
    ["beta", "beta"],
    ["npm:other@^2", "npm:other@^2"],
    ["jsr:^1", "npm:@jsr/a__b@^1"],
    ["jsr:@std/yaml@1", "npm:@jsr/std__yaml@1"],
    ["jsr:@std/yaml", "npm:@jsr/std__yaml@*"],
  ])("may be %j", (written, spec) => expect(specOf(written)).toBe(spec));

  it.each([
    "git+https://x.test/y.git",
    "git@github.com:a/b.git",
    "github:a/b",
    "a/b",
    "https://x.test/y.tgz",
    "file:../x",
    "./x",
    "/etc",
    "~/x",
    "x.tgz",
    "workspace:*",
    "link:../x",
    "npm:x@npm:y@1",
    "npm:x@file:y",
  ])("may not be %j", (written) => {
    expect(() => specOf(written)).toThrow(/ENOREGISTRY|ESPEC/);
    const overrides = { c: { d: written } };
    expect(() => specsOf({ dependencies: {}, overrides })).toThrow(/ENOREGISTRY|ESPEC/);
  });

  it.each(["jsr:yaml@1", "jsr:@std", "jsr:@a/b/c@1", "jsr:"])(
    "have no name of JSR: %j",
    (written) => {
      expect(() => specOf(written, "yaml")).toThrow("EJSR");
    },
  );

  it("are mapped in overrides, too", () => {
    const overrides = { "a@1": "$b", ".": "2", c: { ".": "1", d: "jsr:@std/yaml@1" } };
    const mapped = { ...overrides, c: { ".": "1", d: "npm:@jsr/std__yaml@1" } };
    expect(specsOf({ dependencies: {}, overrides }).overrides).toEqual(mapped);
  });
});

describe("a request", () => {
  const check = (request: Parameters<typeof checkRequest>[0]) =>
    checkRequest(request, { ...PACKAGE_LIMITS, named: 3 });
  const nested = (depth: number): { a: string } =>
    (depth === 0 ? { a: "1" } : { a: nested(depth - 1) }) as { a: string };

  it.each([
    [{ dependencies: { a: "1", b: "1", c: "1", d: "1" } }, "There are 4 of them; 3 are the most"],
    [{ dependencies: { a: "1" }, overrides: { b: { c: { d: "1" } } } }, "There are 4 of them"],
    [{ dependencies: { "../a": "1" } }, '"../a" is no name of a package'],
    [{ dependencies: { node_modules: "1" } }, "is no name"],
    [{ dependencies: { ".bin": "1" } }, "is no name"],
    [{ dependencies: { "@a": "1" } }, "is no name"],
    [{ dependencies: { "a b": "1" } }, "is no name"],
    [{ dependencies: { a: "1".repeat(300) } }, 'The version of "a" has more than 256'],
    [{ dependencies: {}, overrides: nested(20) }, "nested more than 10 deep"],
  ])("is bounded: %j", (request, message) => expect(() => check(request)).toThrow(message));

  it("may have old and new names", () => {
    check({ dependencies: { JSONStream: "1", "@a-b/c.d_e": "*", "0x": "" } });
    check({ dependencies: {} });
  });
});

describe("a document", () => {
  const slim = (document: unknown) => slimPackument("a", JSON.stringify(document));

  it("is reduced, and has the name and versions that were asked for", () => {
    const dist = { tarball: "x", integrity: "y", signatures: [{}] };
    const lie = {
      name: "b",
      version: "9.9.9",
      readme: "x",
      bundleDependencies: ["c"],
      _hasShrinkwrap: true,
    };
    const versions = { "1.0.0": { ...lie, dependencies: { c: "1" }, dist }, "2.0.0": "none" };
    expect(
      slim({
        name: "b",
        versions,
        time: { "1.0.0": "t", "2.0.0": 5 },
        "dist-tags": { latest: "1.0.0" },
      }),
    ).toEqual({
      name: "a",
      "dist-tags": { latest: "1.0.0" },
      time: { "1.0.0": "t" },
      versions: {
        "1.0.0": {
          name: "a",
          version: "1.0.0",
          dependencies: { c: "1" },
          dist: { tarball: "x", integrity: "y" },
        },
      },
    });
  });

  it.each(["{", "null", "[]", '"x"', "{}", '{"versions":[]}'])("is malformed as %s", (text) => {
    expect(() => slimPackument("a", text)).toThrow("EMALFORMED");
  });

  it.each([
    [{ gypfile: true }, ["native-code"]],
    [{ scripts: { install: "node-gyp rebuild" } }, ["native-code"]],
    [{ scripts: { install: "prebuild-install || node-gyp rebuild" } }, ["native-code"]],
    [{ scripts: { install: "node-gyp-build-optional-packages" } }, ["native-code"]],
    [{ scripts: { postinstall: "echo Thanks" }, cpu: ["x64"] }, ["x64"]],
    [{ cpu: ["wasm32"], os: ["darwin"] }, undefined],
    [{}, undefined],
  ])("tells of native code: %j", (fields, cpu) => {
    const { versions } = slim({ versions: { "1.0.0": fields } }) as {
      versions: Record<string, { cpu?: unknown; os?: unknown }>;
    };
    expect(versions["1.0.0"]?.cpu).toEqual(cpu);
    expect(versions["1.0.0"]?.os).toBeUndefined();
  });
});

const locked = (name: string, more: Partial<LockedPackage> = {}): LockedPackage => ({
  name,
  version: "1.0.0",
  path: `node_modules/${name}`,
  registry: "npm",
  tarball: `/${name}/-/x.tgz`,
  integrity: "sha512-x",
  ...more,
});

it("the hash of a lock is about all that its archive depends on, in any order", () => {
  const [a, b] = [locked("a"), locked("b")];
  const hash = lockHash([a, b]);
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(lockHash([b, { ...a, tarball: "/other", license: "MIT" }])).toBe(hash);
  const others = [
    { path: "node_modules/c" },
    { name: "c" },
    { version: "2.0.0" },
    { integrity: "sha512-y" },
    { optional: true as const },
  ];
  const hashes = others.map((other) => lockHash([{ ...a, ...other }, b]));
  expect(new Set([hash, ...hashes]).size).toBe(others.length + 1);
});

it.each([
  { path: "node_modules/../x" },
  { path: "node_modules/a/b" },
  { path: "/node_modules/a" },
  { path: "x/node_modules/a" },
  { path: "node_modules/node_modules" },
  { path: "node_modules" },
  { path: "" },
  { name: ".." },
  { version: "../1" },
  { registry: "file" },
])("a resolver's claim of %j is not believed", (lie) => {
  const honest = { ...locked("a"), optional: false };
  expect(claimedPackage.safeParse(honest).success).toBe(true);
  const nested = { ...honest, path: "node_modules/@a/b/node_modules/c.js" };
  expect(claimedPackage.safeParse(nested).success).toBe(true);
  expect(claimedPackage.safeParse({ ...honest, ...lie }).success).toBe(false);
});

it.each([
  ["2026-10-12T16:29:37Z", true],
  ["2026-09-13T01:33:09.177000+00:00", true],
  ["yesterday", false],
])("a time of publication such as %s is kept, or not: %j", (published, isKept) => {
  const honest = {
    ...{ name: "a", version: "1.0.0", path: "node_modules/a", registry: "npm", optional: false },
    ...{ tarball: "https://x.test/a.tgz", integrity: "sha512-x", published },
  };
  expect(claimedPackage.parse(honest).published).toBe(isKept ? published : undefined);
});

it.each([
  [{ code: "E404", package: "x" }, 'dependencies: The registry has no package "x"'],
  [
    { code: "E404", package: "x", requiredBy: "y" },
    'The registry has no package "x", which "y" needs',
  ],
  [
    {
      code: "ETARGET",
      package: "x",
      wanted: "^9",
      versions: ["2.0.0", "1.0.0"],
      tags: { latest: "2.0.0" },
    },
    '"x" has no version "^9"; the latest is 2.0.0; there are 2.0.0, 1.0.0',
  ],
  [
    { code: "ETARGET", package: "x", requiredBy: "y", wanted: "9" },
    '"x", which "y" needs, has no version "9"',
  ],
  [
    { code: "ETARGET", package: "x", wanted: "beta", tags: { latest: "2.0.0", next: "3.0.0" } },
    '"x" has no tag "beta"; the latest is 2.0.0; its tags are latest, next',
  ],
  [
    { code: "EBADPLATFORM", package: "x@1.0.0" },
    '"x@1.0.0" has native code, which no sandbox loads',
  ],
  [
    { code: "EBADPLATFORM", package: "bcrypt@6.0.0" },
    '"bcrypt@6.0.0" has native code, which no sandbox loads: use "bcryptjs" instead',
  ],
  [
    { code: "ENOREGISTRY", package: "x", wanted: "workspace:*" },
    '"x" as "workspace:*" is in no registry: versions, ranges and tags are',
  ],
  [
    { code: "EALLOWGIT", package: "x@github:a/b", requiredBy: "y" },
    '"x@github:a/b", which "y" needs, is in no registry',
  ],
  [{ code: "EJSR", package: "x", wanted: "jsr:y" }, '"x" has no name of JSR: "jsr:y"'],
  [{ code: "EMALFORMED", package: "x" }, 'The registry answers with no JSON of a package for "x"'],
  [
    { code: "EUNKNOWN", package: "", detail: "boom" },
    "Answers of the registry cannot be used: boom",
  ],
])("the fault %j is put into words", (fault, message) => {
  expect(faultError(fault, 0).message).toContain(message);
});

it("a fault lists the latest versions, pre-releases last", () => {
  const versions = ["1.0.0", ...Array.from({ length: 30 }, (_, n) => `2.0.0-a.${n}`), "1.1.0+b"];
  const fault = resolverFault({ code: "ETARGET", versions });
  expect(fault.versions?.slice(0, 3)).toEqual(["1.1.0+b", "1.0.0", "2.0.0-a.29"]);
  expect(fault.versions).toHaveLength(20);
});

it("a version that is too young is told of by the policy's days", () => {
  const fault = { code: "ETARGET", package: "x", wanted: "^1", versions: ["1.0.0"] };
  expect(faultError(fault, 7).message).toContain(
    '"x" has no version "^1" that is at least 7 days old',
  );
});

it("advisories are those about versions in the lock", () => {
  const one = {
    severity: "high",
    title: "Bad",
    url: "https://x.test",
    vulnerable_versions: "<1.5",
  };
  const told = (answer: unknown, versions: Record<string, string[]> = { a: ["1.0.0", "2.0.0"] }) =>
    matchingAdvisories(versions, Buffer.from(JSON.stringify(answer)));
  const { vulnerable_versions: range, ...rest } = one;
  expect(told({ a: [one], b: [one] })).toEqual([{ name: "a", version: "1.0.0", range, ...rest }]);
  for (const answer of [
    null,
    [],
    "x",
    { a: 1 },
    { a: [null, 5, {}] },
    { a: [{ vulnerable_versions: "¿" }] },
  ]) {
    expect(told(answer)).toEqual([]);
  }
  const many = Array.from({ length: 1_000 }, () => one);
  expect(told({ a: many })).toHaveLength(200);
  expect(told({ __proto__: [one], toString: [one] })).toEqual([]);
});

describe("work that several wait for", () => {
  const later = () => {
    let finish = (_value: string): void => {};
    const done = new Promise<string>((go) => {
      finish = go;
    });
    return { done, finish };
  };

  it("is done once, and again after it has ended", async () => {
    const shared = new SharedWork<string>();
    const { done, finish } = later();
    let times = 0;
    const work = () => {
      times += 1;
      return done;
    };
    const all = [shared.run("a", undefined, work), shared.run("a", undefined, work)];
    finish("x");
    expect(await Promise.all(all)).toEqual(["x", "x"]);
    expect(times).toBe(1);
    await shared.run("a", undefined, work);
    expect(times).toBe(2);
  });

  it("goes on while one waits, and is aborted when none does", async () => {
    const shared = new SharedWork<string>();
    const { done } = later();
    let inner: AbortSignal | undefined;
    const work = (signal: AbortSignal) => {
      inner = signal;
      return done;
    };
    const [first, second] = [new AbortController(), new AbortController()];
    const waits = [first, second].map(({ signal }) => shared.run("a", signal, work));
    const ends = Promise.allSettled(waits);
    first.abort();
    await expect(waits[0]).rejects.toThrow("aborted");
    expect(inner?.aborted).toBe(false);
    second.abort();
    expect((await ends).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(inner?.aborted).toBe(true);
    await expect(shared.run("a", first.signal, work)).rejects.toThrow("aborted");
  });

  it("that fails fails for all, and is tried again", async () => {
    const shared = new SharedWork<string>();
    const failing = async () => Promise.reject(new Error("no"));
    const all = [shared.run("a", undefined, failing), shared.run("a", undefined, failing)];
    for (const one of all) await expect(one).rejects.toThrow("no");
    expect(await shared.run("a", undefined, async () => "yes")).toBe("yes");
  });
});

it.each([
  { packages: Array(1_000_000).fill(0) },
  { wanted: Array(1_000_000).fill(0) },
  {
    fault: {
      code: "E",
      package: "",
      tags: Object.fromEntries([...Array(100_000).keys()].entries()),
    },
  },
])("a claim with a million faults is refused for the first of them", (claim) => {
  const { error } = resolverAnswer.safeParse({ wanted: [], ...claim });
  expect(error?.issues).toHaveLength(1);
});

it("kept answers have a number of bytes in all, whatever their number", () => {
  const kept = memoryCache<readonly string[]>({ bytes: 1_000_000 });
  for (let n = 0; n < 1_000; n += 1) kept.set(`${n}`, Array(100).fill(`${n}`.repeat(100)));
  const bytes = [...kept.values()].flat().reduce((sum, text) => sum + 2 * text.length, 0);
  expect(bytes).toBeGreaterThan(100_000);
  expect(bytes).toBeLessThan(1_000_000);
  kept.set("large", ["x".repeat(1_000_000)]);
  expect(kept.get("large")).toBeUndefined();
});
