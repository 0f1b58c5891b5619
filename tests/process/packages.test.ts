/** Tests that packages get from a registry to an archive, by real confined processes. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type PublishedPackage, served } from "../../dev/npm-registry/packages.ts";
import { type Fault, TestRegistry } from "../../dev/npm-registry/server.ts";
import { fromArchive } from "../../src/bundler/package-archive.ts";
import { Builder } from "../../src/packages/builder/builder.ts";
import { PackageBuilds } from "../../src/packages/builds/package-builds.ts";
import type {
  Lock,
  PackagePolicy,
  PackageRequest,
  PackageSource,
} from "../../src/packages/types.ts";
import { packageSource } from "../helpers/package-source.ts";
import { ROOT } from "../helpers/pages.ts";

type Source = PackageSource & { close(): Promise<void> };

const code = { "index.js": "module.exports = 1;" };
const needs = (dependencies: Record<string, string>) => ({
  files: code,
  manifest: { dependencies },
});

/** Packages that depend on each other in each way that npm knows. */
const FAMILY: readonly PublishedPackage[] = [
  { name: "leaf", version: "1.0.0", files: code, manifest: { license: "MIT" } },
  { name: "leaf", version: "1.5.0", files: code, published: "2025-06-01T00:00:00.000Z" },
  { name: "leaf", version: "2.0.0", files: code, packument: { deprecated: "Use stem" } },
  { name: "one", ...needs({ leaf: "^1" }) },
  { name: "two", ...needs({ leaf: "^2" }) },
  { name: "ring-a", ...needs({ "ring-b": "*" }) },
  { name: "ring-b", ...needs({ "ring-a": "*" }) },
  {
    name: "with-peer",
    files: code,
    manifest: {
      peerDependencies: { leaf: "^2", gone: "*" },
      peerDependenciesMeta: { gone: { optional: true } },
    },
  },
  {
    name: "with-optional",
    files: code,
    manifest: {
      optionalDependencies: {
        gone: "1",
        native: "*",
        prebuilt: "*",
        platform: "*",
        "wasm-variant": "*",
      },
    },
  },
  { name: "native", files: code, manifest: { scripts: { install: "node-gyp rebuild" } } },
  { name: "prebuilt", files: { ...code, "build/x.node": "ELF" } },
  { name: "platform", files: code, manifest: { os: ["linux"], cpu: ["x64", "arm64"] } },
  { name: "wasm-variant", files: { "x.wasm": "\0asm" }, manifest: { cpu: ["wasm32"] } },
  { name: "needs-git", ...needs({ hidden: "github:a/b" }) },
  { name: "needs-url", ...needs({ hidden: "https://x.test/y.tgz" }) },
  { name: "needs-workspace", ...needs({ hidden: "workspace:*" }) },
  { name: "needs-file", ...needs({ hidden: "file:../../etc" }) },
  { name: "needs-gone", ...needs({ gone: "1" }) },
  { name: "needs-leaf-9", ...needs({ leaf: "^9" }) },
  { name: "peer-1", files: code, manifest: { peerDependencies: { leaf: "1.0.0" } } },
  { name: "peer-2", files: code, manifest: { peerDependencies: { leaf: "2.0.0" } } },
  { name: "scripted", files: code, manifest: { scripts: { postinstall: "touch /tmp/ran" } } },
  {
    name: "linked",
    files: code,
    entries: [{ name: "package/x", type: "symlink", linkname: "/etc/passwd" }],
  },
  { name: "climbing", files: code, entries: [{ name: "package/../../x.js" }] },
  { name: "bomb", files: code, entries: [{ name: "package/bomb.js", zeros: 30_000_000 }] },
  {
    name: "crowd",
    files: Object.fromEntries(Array.from({ length: 600 }, (_, at) => [`${at}.js`, ""])),
  },
  { name: "heavy", files: { "index.js": Buffer.alloc(3_000_000, "x") } },
  { name: "odd", files: code },
];

let registry: TestRegistry;
let jsr: TestRegistry;
let directory: string;
let source: Source;

/** Children of test files before this one. */
let others: ReadonlySet<string>;

beforeAll(async () => {
  others = new Set(await children());
  registry = await TestRegistry.start(FAMILY, { token: "t0p-secret" });
  jsr = await TestRegistry.start([{ name: "@jsr/std__yaml", version: "1.0.5", files: code }]);
  directory = await mkdtemp(join(tmpdir(), "isolate-packages-"));
  const limits = { files: 500, archiveBytes: 2_000_000, unpackedBytes: 20_000_000, waiting: 50 };
  source = packageSource(registry, join(directory, "shared"), {
    token: "t0p-secret",
    jsr: jsr.url,
    limits,
  });
});
beforeEach(() => {
  registry.everyFault = undefined;
});
afterAll(async () => {
  await source.close();
  await registry.stop();
  await jsr.stop();
  await rm(directory, { recursive: true, force: true });
});

let owners = 0;
/** Options of a tenant of its own, so that no request waits for another one of the same tenant. */
function someone(...policies: PackagePolicy[]) {
  owners += 1;
  const owned = policies.map((policy) => ({ ...policy, of: "test" }));
  return { owner: `tenant-${owners}`, policies: owned };
}

const resolve = (
  dependencies: Record<string, string>,
  more: Partial<PackageRequest> = {},
): Promise<Lock> => source.resolve({ dependencies, ...more }, someone());

async function refusal(asking: Promise<unknown>): Promise<string> {
  return asking.then(
    () => "nothing",
    (error: Error & { code: string }) => `${error.code} ${error.message}`,
  );
}

const places = ({ packages }: Lock): string[] =>
  packages.map(
    ({ path, name, version }) => `${path.replaceAll("node_modules/", "")} ${name}@${version}`,
  );

/** Lists the processes of confined programs that this file has started. */
async function confinedChildren(): Promise<string[]> {
  const pids = (await children()).filter((pid) => !others.has(pid));
  const lines = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""));
  return (await Promise.all(lines)).filter((line) => line.includes("data:text/javascript"));
}

/** Lists the children of this process, which may have run other test files before. */
async function children(): Promise<string[]> {
  const pids = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, "utf8");
  return pids.split(" ").filter((pid) => pid !== "");
}

/** Waits until no process of a build is left. */
async function allGone(): Promise<void> {
  await vi.waitFor(async () => expect(await confinedChildren()).toEqual([]), { timeout: 10_000 });
}

describe("versions", () => {
  it("are chosen as npm does, and told of", async () => {
    const dependencies = {
      one: "*",
      two: "1.x",
      "ring-a": "",
      "with-peer": "latest",
      "with-optional": "^1",
      scripted: "*",
      other: "npm:leaf@1.0.0",
      yaml: "jsr:@std/yaml@^1",
    };
    const lock = await resolve(dependencies);
    expect(places(lock)).toEqual([
      "leaf leaf@2.0.0",
      "one one@1.0.0",
      "one/leaf leaf@1.5.0",
      "other leaf@1.0.0",
      "prebuilt prebuilt@1.0.0",
      "ring-a ring-a@1.0.0",
      "ring-b ring-b@1.0.0",
      "scripted scripted@1.0.0",
      "two two@1.0.0",
      "wasm-variant wasm-variant@1.0.0",
      "with-optional with-optional@1.0.0",
      "with-peer with-peer@1.0.0",
      "yaml @jsr/std__yaml@1.0.5",
    ]);
    const of = (path: string) => lock.packages.find((one) => one.path === `node_modules/${path}`);
    expect(of("leaf")).toMatchObject({ deprecated: "Use stem", registry: "npm" });
    expect(of("other")).toMatchObject({ license: "MIT", published: "2024-01-01T00:00:00.000Z" });
    expect(of("prebuilt")).toMatchObject({ optional: true });
    expect(of("yaml")).toMatchObject({
      registry: "jsr",
      tarball: "/@jsr/std__yaml/-/std__yaml-1.0.5.tgz",
    });
    expect(jsr.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
    const files = [...fromArchive(await source.archive(lock, someone())).keys()];
    expect(files).toContain("node_modules/one/node_modules/leaf/index.js");
    expect(files).toContain("node_modules/wasm-variant/x.wasm");
    expect(files.filter((path) => /prebuilt|native/.test(path))).toEqual([]);
  });

  it("follow overrides and a policy's age", async () => {
    const override = { overrides: { leaf: "1.0.0" } };
    const [overridden, nested, old] = await Promise.all([
      resolve({ one: "*", two: "*" }, override),
      resolve({ one: "*", two: "*" }, { overrides: { two: { leaf: "1.5.0" } } }),
      source.resolve(
        { dependencies: { leaf: "^1" } },
        someone({}, { minimumAge: daysSince("2025-01-01") }),
      ),
    ]);
    expect(places(overridden)).toEqual(["leaf leaf@1.0.0", "one one@1.0.0", "two two@1.0.0"]);
    expect(places(nested)).toEqual(["leaf leaf@1.5.0", "one one@1.0.0", "two two@1.0.0"]);
    expect(places(old)).toEqual(["leaf leaf@1.0.0"]);
  });

  it("are remembered for others, and policies are not", async () => {
    const first = await resolve({ one: "*" });
    registry.takeSeen();
    expect(await resolve({ one: "*" })).toEqual(first);
    const refused = source.resolve({ dependencies: { one: "*" } }, someone({ deny: ["leaf"] }));
    expect(await refusal(refused)).toBe(
      'BAD_REQUEST dependencies: leaf is refused: the test\'s rules deny "leaf"',
    );
    const archived = source.archive(first, someone({ allow: ["one"] }));
    expect(await refusal(archived)).toContain("leaf is refused: the test's rules allow other");
    expect(registry.takeSeen()).toEqual([]);
  });

  it("that cannot be had are told of by package", async () => {
    const cases: readonly [Record<string, string>, string][] = [
      [{ gone: "1" }, 'The registry has no package "gone"'],
      [{ "needs-gone": "*" }, 'The registry has no package "gone", which "needs-gone" needs'],
      [
        { leaf: "^3" },
        '"leaf" has no version "^3"; the latest is 2.0.0; there are 2.0.0, 1.5.0, 1.0.0',
      ],
      [{ leaf: "beta" }, '"leaf" has no tag "beta"; the latest is 2.0.0; its tags are latest'],
      [{ "needs-leaf-9": "1" }, '"leaf", which "needs-leaf-9" needs, has no version "^9"'],
      [{ native: "*" }, '"native@1.0.0" has native code'],
      [{ "needs-git": "*" }, '"hidden@github:a/b", which "needs-git" needs, is in no registry'],
      [
        { "needs-url": "*" },
        '"hidden@https://x.test/y.tgz", which "needs-url" needs, is in no registry',
      ],
      [{ "needs-file": "*" }, "is in no registry"],
      [
        { "needs-workspace": "*" },
        '"hidden@file:workspace:*", which "needs-workspace" needs, is in no registry',
      ],
      [{ one: "file:/etc" }, '"one" as "file:/etc" is in no registry'],
      [
        { "peer-1": "*", "peer-2": "*" },
        '"peer-2" cannot be had: peer-1@1.0.0 wants leaf@1.0.0, peer-2@1.0.0 wants leaf@2.0.0',
      ],
    ];
    const told = cases.map(async ([dependencies]) => refusal(resolve(dependencies)));
    const expected = cases.map(([, message]) => expect.stringContaining(message));
    expect(await Promise.all(told)).toEqual(expected);
    for (const text of told) expect(await text).toMatch(/^BAD_REQUEST dependencies: /);
  });

  it("are not chosen if they are too young, or of an unknown age", async () => {
    const age = daysSince("2023-06-01");
    const young = source.resolve({ dependencies: { leaf: "^1" } }, someone({ minimumAge: age }));
    expect(await refusal(young)).toContain(
      `"leaf" has no version "^1" that is at least ${age} days old`,
    );
    const policy = { minimumAge: 1 };
    registry.fault("odd", "packument", documentOf({}));
    const timeless = source.resolve({ dependencies: { odd: "*" } }, someone(policy));
    expect(await refusal(timeless)).toContain('does not tell that "odd@1.0.0" is old enough');
    registry.fault("odd", "packument");
  });
});

/** Makes a fault: a document of `odd` whose only version has these facts about its tarball. */
function documentOf(dist: Record<string, string>): Fault {
  const facts = { tarball: "http://other.test/odd/-/odd-1.0.0.tgz", integrity: HASH, ...dist };
  const versions = { "1.0.0": { name: "zod", version: "9.9.9", dist: facts } };
  return { kind: "body", body: JSON.stringify({ "dist-tags": { latest: "1.0.0" }, versions }) };
}

const HASH = `sha512-${Buffer.alloc(64).toString("base64")}`;

describe("a registry", () => {
  it.each<[string, Fault, string]>([
    [
      "lies about names",
      documentOf({ tarball: "http://x.test/leaf/-/leaf-1.0.0.tgz" }),
      'REGISTRY_FAILED The registry names no tarball of "odd@1.0.0"',
    ],
    [
      "has weak hashes",
      documentOf({ integrity: "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" }),
      'REGISTRY_FAILED The registry has no SHA-512 hash of "odd@1.0.0"',
    ],
    [
      "answers with nonsense",
      { kind: "body", body: "{" },
      'REGISTRY_FAILED The registry answers with no JSON of a package for "odd"',
    ],
    [
      "answers with strange fields",
      {
        kind: "body",
        body: JSON.stringify({
          "dist-tags": 5,
          versions: { "1.0.0": { dependencies: "x", dist: [] }, x: null },
        }),
      },
      "odd",
    ],
    [
      "fails",
      { kind: "status", status: 500 },
      'REGISTRY_UNAVAILABLE The registry fails for "odd" (500)',
    ],
  ])("that %s is told of", async (_what, fault, message) => {
    registry.fault("odd", "packument", fault);
    expect(await refusal(resolve({ odd: "1.0.0" }))).toContain(message);
    registry.fault("odd", "packument");
    await allGone();
  });

  it("that compresses is read, and one that compresses a bomb is told of", async () => {
    const real = await (
      await fetch(`${registry.url}/leaf`, { headers: { authorization: "Bearer t0p-secret" } })
    ).text();
    const gzip = (text: string | Buffer): Fault => ({
      kind: "body",
      body: gzipSync(text),
      encoding: "gzip",
    });
    registry.fault("leaf", "packument", gzip(real));
    expect(places(await resolve({ leaf: "1.0.0" }))).toEqual(["leaf leaf@1.0.0"]);
    registry.fault("leaf", "packument", gzip(Buffer.alloc(140_000_000, " ")));
    expect(await refusal(resolve({ leaf: "1.5.0" }))).toContain('no JSON of a package for "leaf"');
    registry.fault("leaf", "packument");
  });

  it("that has too much is told of", async () => {
    const limits = { packages: 3, documentBytes: 2_000, named: 4 };
    const small = packageSource(registry, join(directory, "small"), {
      token: "t0p-secret",
      limits,
    });
    const ask = (dependencies: Record<string, string>) =>
      refusal(small.resolve({ dependencies }, someone()));
    const names = ["one", "two", "ring-a", "scripted", "odd"].map((name) => [name, "*"]);
    const told = [
      ask({ one: "*", two: "*" }),
      ask({ x: "jsr:@x/y@1" }),
      ask(Object.fromEntries(names)),
    ];
    expect(await Promise.all(told)).toEqual([
      "BAD_REQUEST dependencies: They need 4 packages; 3 are the most",
      expect.stringContaining('no registry for "jsr:@x/y": set ISOLATE_JSR_REGISTRY'),
      "BAD_REQUEST dependencies: There are 5 of them; 4 are the most",
    ]);
    await small.close();
  });

  it("that is slow is left in time, with its process", async () => {
    const slow = packageSource(registry, join(directory, "slow"), {
      token: "t0p-secret",
      limits: { timeout: 1_500, idle: 10_000 },
    });
    registry.fault("odd", "packument", { kind: "slow" });
    const late = slow.resolve({ dependencies: { odd: "*" } }, someone());
    const controller = new AbortController();
    const options = { ...someone(), signal: controller.signal };
    const left = slow.resolve({ dependencies: { odd: "1" } }, options);
    setTimeout(() => controller.abort(), 700);
    expect(await refusal(left)).toContain("aborted");
    expect(await refusal(late)).toContain("REGISTRY_UNAVAILABLE The registry was too slow");
    registry.fault("odd", "packument");
    await allGone();
    await slow.close();
  });
});

describe("an archive", () => {
  it("is made once for all, kept on disk, and made again if that has changed", async () => {
    const lock = await resolve({ one: "*", two: "*" });
    registry.takeSeen();
    const [first, second] = await Promise.all([
      source.archive(lock, someone()),
      source.archive(lock, someone()),
    ]);
    expect(second).toBe(first);
    expect(registry.takeSeen()).toHaveLength(lock.packages.length);
    const other = packageSource(registry, join(directory, "shared"), { token: "t0p-secret" });
    expect(Buffer.from(await other.archive(lock, someone())).equals(first)).toBe(true);
    expect(registry.takeSeen()).toEqual([]);
    const name = (await readdir(join(directory, "shared"))).find((one) =>
      one.startsWith(lock.hash),
    );
    await writeFile(join(directory, "shared", String(name)), "something else");
    expect(Buffer.from(await other.archive(lock, someone())).equals(first)).toBe(true);
    expect(registry.takeSeen()).toHaveLength(lock.packages.length);
    await other.close();
  });

  it("is refused for hostile tarballs, by package", async () => {
    const cases: readonly [string, string][] = [
      ["linked", 'REGISTRY_FAILED The tarball of "linked@1.0.0" has the symlink "package/x"'],
      [
        "climbing",
        'REGISTRY_FAILED The tarball of "climbing@1.0.0" has the path "package/../../x.js"',
      ],
      ["bomb", 'BAD_REQUEST dependencies: "bomb@1.0.0" brings them to more than 19.1 MiB unpacked'],
      ["crowd", 'BAD_REQUEST dependencies: "crowd@1.0.0" brings them to more than 500 files'],
      [
        "heavy",
        'BAD_REQUEST dependencies: They have more than 1.9 MiB of code, "heavy@1.0.0" included',
      ],
      [
        "prebuilt",
        'BAD_REQUEST dependencies: "prebuilt@1.0.0" has native code, which no sandbox loads',
      ],
    ];
    const told = cases.map(async ([name]) => {
      const lock = await resolve({ [name]: "*", leaf: "1.0.0" });
      return refusal(source.archive(lock, someone()));
    });
    expect(await Promise.all(told)).toEqual(cases.map(([, message]) => message));
    const kept = await readdir(join(directory, "shared"));
    expect(kept.filter((name) => !/^[0-9a-f]{64}-\d+$/.test(name))).toEqual([]);
    await allGone();
  });

  it("that fails leaves no request behind", async () => {
    registry.fault("odd", "tarball", { kind: "slow" });
    const lock = await resolve({ linked: "*", odd: "*", two: "*" });
    expect(await refusal(source.archive(lock, someone()))).toContain('the symlink "package/x"');
    await vi.waitFor(() => expect(registry.open).toBe(0), { timeout: 5_000 });
    registry.fault("odd", "tarball");
  });

  it("is that of the lock, whatever the registry sends by now", async () => {
    const lock = await resolve({ odd: "*" });
    const other = served({ name: "odd", files: { "index.js": "module.exports = 'evil';" } });
    registry.fault("odd", "tarball", { kind: "other-bytes", bytes: await other.bytes() });
    const message = 'REGISTRY_FAILED The tarball of "odd@1.0.0" is not the one in the lock';
    expect(await refusal(source.archive(lock, someone()))).toContain(message);
    registry.fault("odd", "tarball");
    expect(fromArchive(await source.archive(lock, someone())).size).toBe(2);
  });

  it("of real packages has all that code imports", async () => {
    registry.publishInstalled(ROOT, ["zod", "ajv", "semver"]);
    const real = packageSource(registry, join(directory, "real"), { token: "t0p-secret" });
    const lock = await real.resolve(
      { dependencies: { zod: "*", ajv: "*", semver: "*" } },
      someone(),
    );
    const files = fromArchive(await real.archive(lock, someone()));
    const entries = [
      "zod/index.js",
      "zod/v4/core/schemas.cjs",
      "ajv/dist/ajv.js",
      "semver/index.js",
    ];
    for (const path of entries) expect([...files.keys()]).toContain(`node_modules/${path}`);
    expect([...files.keys()].filter((path) => /\.(d\.[cm]?ts|map|md)$/.test(path))).toEqual([]);
    await real.close();
  });
});

describe("builders", () => {
  it("are few, and a tenant's own do not keep another one waiting", async () => {
    const busy = packageSource(registry, join(directory, "busy"), {
      token: "t0p-secret",
      limits: { waiting: 2, timeout: 4_000 },
    });
    registry.fault("odd", "packument", { kind: "slow" });
    const greedy = someone();
    const controller = new AbortController();
    const options = { ...greedy, signal: controller.signal };
    const asked = ["*", "1", "1.0.0", "^1", "~1"].map((range) =>
      refusal(busy.resolve({ dependencies: { odd: range } }, options)),
    );
    expect(await asked[4]).toContain("HOST_BUSY");
    const lock = await busy.resolve({ dependencies: { leaf: "1.0.0" } }, someone());
    expect(places(lock)).toEqual(["leaf leaf@1.0.0"]);
    controller.abort();
    expect((await Promise.all(asked)).filter((text) => text.includes("aborted"))).toHaveLength(3);
    registry.fault("odd", "packument");
    await allGone();
    await busy.close();
  });

  it("have no file, no network, no variable and no program", async () => {
    const hostile = `export default async () => async () => {
      const tried = {};
      const all = {
        read: () => Deno.readTextFile("/etc/passwd"),
        self: () => Deno.readTextFile("/proc/self/environ"),
        write: () => Deno.writeTextFile("/tmp/isolate-packages-hostile", "x"),
        temporary: () => Deno.makeTempDir(),
        list: () => Array.fromAsync(Deno.readDir("/tmp")),
        registry: () => Deno.connect({ hostname: "127.0.0.1", port: ${registry.url.split(":")[2]} }),
        unix: () => Deno.connect({ transport: "unix", path: "/var/run/docker.sock" }),
        fetch: () => fetch("${registry.url}/leaf"),
        listen: () => Deno.listen({ port: 0 }),
        dns: () => Deno.resolveDns("x.test", "A"),
        variables: () => Deno.env.toObject(),
        run: () => new Deno.Command("/bin/true").output(),
        ffi: () => Deno.dlopen("/lib/x86_64-linux-gnu/libc.so.6", {}),
        sys: () => Deno.hostname(),
        import: () => import("${registry.url}/leaf"),
      };
      for (const [name, attempt] of Object.entries(all)) {
        try { await attempt(); tried[name] = "done"; } catch (error) { tried[name] = error.name; }
      }
      return { answer: tried };
    };`;
    const controller = new AbortController();
    const limits = { memory: 256, cpu: 10, bytes: 100_000, facts: 100_000 };
    registry.takeSeen();
    const builder = await Builder.start(hostile, limits, controller.signal);
    const { answer } = await builder.ask({}, new Uint8Array());
    const refused = Object.entries(answer as object).filter(
      ([, result]) => !["NotCapable", "TypeError"].includes(result),
    );
    expect(Object.keys(answer as object)).toHaveLength(15);
    expect(refused).toEqual([]);
    expect(registry.takeSeen()).toEqual([]);
    setTimeout(() => controller.abort(new Error("Over")), 50);
    const endless = Builder.start(
      "export default async () => () => { for (;;); }",
      limits,
      controller.signal,
    );
    await expect(endless.then((one) => one.ask({}, new Uint8Array()))).rejects.toThrow("Over");
    await allGone();
    builder.end();
  });

  it("never get the token", async () => {
    const seen: string[] = [];
    const ask = Builder.prototype.ask;
    Builder.prototype.ask = function (input, payload) {
      seen.push(JSON.stringify(input), Buffer.from(payload).toString("latin1"));
      return ask.call(this, input, payload);
    };
    try {
      const lock = await resolve({ one: "1.0.0", "with-peer": "*" });
      await source.archive(lock, someone());
      await source.advisories(lock, someone());
    } finally {
      Builder.prototype.ask = ask;
    }
    expect(seen.length).toBeGreaterThan(6);
    expect(seen.join("")).not.toContain("t0p-secret");
    expect(
      registry.seen.every(({ headers }) => headers.authorization === "Bearer t0p-secret"),
    ).toBe(true);
  });
});

describe("advisories", () => {
  it("are about the versions of a lock, if the registry has any", async () => {
    const [known, unknown] = await Promise.all([
      resolve({ leaf: "1.0.0" }),
      resolve({ leaf: "2.0.0" }),
    ]);
    const bad = {
      severity: "high",
      title: "Falls early",
      url: "https://x.test/1",
      vulnerable_versions: "<1.4",
    };
    registry.advisories = {
      leaf: [bad, { ...bad, severity: "odd", url: "javascript:x" }],
      other: [bad],
    };
    const one = { name: "leaf", version: "1.0.0", title: "Falls early", range: "<1.4" };
    expect(await source.advisories(known, someone())).toEqual([
      { ...one, severity: "high", url: "https://x.test/1" },
      { ...one, severity: "info", url: "" },
    ]);
    registry.everyFault = { kind: "status", status: 500 };
    expect(await source.advisories(unknown, someone())).toBeUndefined();
    registry.everyFault = undefined;
    registry.advisories = undefined;
    expect(await source.advisories(unknown, someone())).toBeUndefined();
  });
});

function daysSince(time: string): number {
  return Math.floor((Date.now() - Date.parse(time)) / 86_400_000);
}

describe("owners", () => {
  it("wait for no queue of another one, though they want the same", async () => {
    registry.fault("odd", "packument", { kind: "slow" });
    const [a, b] = [someone(), someone()];
    const abort = new AbortController();
    let isOver = false;
    const slow = source
      .resolve({ dependencies: { odd: "1" } }, { ...a, signal: abort.signal })
      .catch((error: unknown) => error)
      .finally(() => {
        isOver = true;
      });
    const popular = { dependencies: { leaf: "^1", one: "1.0.0" } };
    const behind = source.resolve(popular, a);
    expect(places(await source.resolve(popular, b))).toContain("leaf leaf@1.5.0");
    expect(isOver).toBe(false);
    abort.abort();
    registry.takeSeen();
    // Answers that the other owner has found serve this one, too.
    expect(places(await behind)).toContain("leaf leaf@1.5.0");
    expect(registry.takeSeen()).toEqual([]);
    await slow;
    registry.fault("odd", "packument");
    await allGone();
  });

  it("have only some archives in memory, also when these are cached", async () => {
    const lock = await resolve({ leaf: "1.0.0" });
    await source.archive(lock, someone());
    let reading = 0;
    let most = 0;
    const counted: PackageSource = {
      resolve: (...given) => source.resolve(...given),
      advisories: (...given) => source.advisories(...given),
      archive: async (...given) => {
        reading += 1;
        most = Math.max(most, reading);
        const archive = await source.archive(...given);
        reading -= 1;
        return archive;
      },
    };
    const builds = new PackageBuilds({ source: counted });
    const { owner } = someone();
    const all = [...Array(40)].map((_, n) =>
      builds.fetch(lock, { owner: n < 20 ? owner : someone().owner, policies: [] }),
    );
    await Promise.all(all);
    expect(most).toBeLessThanOrEqual(8);
  });
});
