/** Tests what a build can ask a registry for, and what it is told of each of a registry's faults. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { served } from "../../../../dev/npm-registry/packages.ts";
import { type Fault, TestRegistry } from "../../../../dev/npm-registry/server.ts";
import { BadRequest, RegistryFailed, RegistryUnavailable } from "../../../../src/base/errors.ts";
import type { OperatorRules } from "../../../../src/destinations/admit.ts";
import { PACKAGE_LIMITS, type PackageLimits } from "../../../../src/packages/limits.ts";
import {
  isTarballOf,
  registryAddress,
  tarballPath,
} from "../../../../src/packages/registry/address.ts";
import { Registries } from "../../../../src/packages/registry/registries.ts";
import type { LockedPackage } from "../../../../src/packages/types.ts";
import { certificateFor } from "../../../helpers/certificate.ts";
import { PLAIN_RULES } from "../../../helpers/package-source.ts";

const FILE = { name: "a", files: { "index.js": "exports.a = 1;".repeat(1_000) } };
const open: Registries[] = [];
let registry: TestRegistry;

beforeEach(async () => {
  registry = await TestRegistry.start([FILE]);
});
afterEach(async () => {
  for (const one of open.splice(0)) one.close();
  await registry.stop();
});

interface Options {
  readonly limits?: Partial<PackageLimits>;
  readonly token?: string;
  readonly ca?: string;
  readonly url?: string;
  readonly rules?: OperatorRules;
  readonly signal?: AbortSignal;
}

function registries({ limits, token, ca, url, rules, signal }: Options = {}): Registries {
  const all = { ...PACKAGE_LIMITS, ...limits };
  const address = registryAddress(url ?? registry.url, rules ?? PLAIN_RULES);
  const npm = { ...address, token, ca, limits: all };
  const never = new AbortController().signal;
  const made = new Registries({ npm }, all, "acme", signal ?? never);
  open.push(made);
  return made;
}

async function locked(overrides: Partial<LockedPackage> = {}): Promise<LockedPackage> {
  const { name, version, path: tarball, dist } = served(FILE);
  const integrity = String((await dist()).integrity);
  const own = { name, version, tarball, integrity, path: "node_modules/a" };
  return { ...own, registry: "npm", ...overrides };
}

/** Asks for both a document and a tarball, and returns what each is refused with. */
async function faulty(fault: Fault, options?: Options): Promise<Error[]> {
  registry.everyFault = fault;
  const asked = registries(options);
  const failed = async (asking: Promise<unknown>): Promise<Error> => {
    return asking.then(
      () => expect.fail("It was answered"),
      (error: Error) => error,
    );
  };
  return [await failed(asked.document("npm", "a")), await failed(asked.tarball(await locked()))];
}

describe("a registry", () => {
  it("is asked for documents and tarballs, over one connection, with the token", async () => {
    registry.token = "t0p-secret";
    const asked = registries({ token: "t0p-secret" });
    const { status, bytes } = await asked.document("npm", "a");
    expect([status, JSON.parse(String(bytes)).name]).toEqual([200, "a"]);
    expect((await asked.document("npm", "@none/such")).status).toBe(404);
    expect((await asked.tarball(await locked())).length).toBeGreaterThan(100);
    expect(new Set(registry.seen.map(({ headers }) => headers.authorization)).size).toBe(1);
    expect(registry.takeSeen()).toEqual(["/a", "/@none/such", "/a/-/a-1.0.0.tgz"]);
    expect(registry.connections).toBe(1);
  });

  it.each<[string, Fault, new (...args: never[]) => Error, RegExp]>([
    [
      "fails",
      { kind: "status", status: 500 },
      RegistryUnavailable,
      /fails for "a(@1.0.0)?" \(500\)/,
    ],
    ["is overloaded", { kind: "status", status: 503 }, RegistryUnavailable, /\(503\)/],
    ["wants to be asked later", { kind: "status", status: 429 }, RegistryUnavailable, /\(429\)/],
    [
      "wants a token",
      { kind: "status", status: 401 },
      RegistryFailed,
      /wants a token for "a.*\(401\)/,
    ],
    ["forbids it", { kind: "status", status: 403 }, RegistryFailed, /\(403\)/],
    ["answers with nonsense", { kind: "status", status: 418 }, RegistryFailed, /418 for "a/],
    ["answers without content", { kind: "status", status: 204 }, RegistryFailed, /204 for "a/],
    [
      "redirects",
      { kind: "redirect", to: "https://cdn.test/x?k=v" },
      RegistryFailed,
      /redirects "a.*" to cdn\.test:/,
    ],
    [
      "redirects to itself",
      { kind: "redirect", to: "/elsewhere" },
      RegistryFailed,
      /redirects "a.*" to 127\.0\.0\.1:/,
    ],
    ["redirects nowhere", { kind: "redirect", to: "http://" }, RegistryFailed, /nowhere/],
    [
      "closes in the middle",
      { kind: "truncated" },
      RegistryUnavailable,
      /cannot be reached for "a.*ECONNRESET/,
    ],
    ["never answers", { kind: "slow" }, RegistryUnavailable, /does not answer in time for "a/],
    ["never ends", { kind: "endless" }, BadRequest, /"a.* has more than 0.1 MiB/],
  ])("that %s is told of by package", async (_what, fault, kind, message) => {
    const limits = { idle: 300, documentBytes: 100_000, tarballBytes: 100_000 };
    for (const error of await faulty(fault, { limits })) {
      expect(error).toBeInstanceOf(kind);
      expect(error.message).toMatch(message);
      expect(error.message).not.toContain("k=v");
    }
  });

  it("that refuses the token is told of without it", async () => {
    registry.token = "other";
    const failing = registries({ token: "t0p-secret" }).document("npm", "a");
    await expect(failing).rejects.toThrow('The registry refuses its token for "a" (401)');
  });

  it("that has passing troubles is asked once more, and then no more", async () => {
    const asked = registries();
    registry.fault("a", "packument", { kind: "status", status: 502 });
    setTimeout(() => registry.fault("a", "packument"), 100);
    expect((await asked.document("npm", "a")).status).toBe(200);
    registry.takeSeen();
    registry.fault("a", "packument", { kind: "truncated" });
    await expect(asked.document("npm", "a")).rejects.toThrow(RegistryUnavailable);
    expect(registry.takeSeen()).toHaveLength(2);
    registry.fault("a", "packument", { kind: "status", status: 429 });
    await expect(asked.document("npm", "a")).rejects.toMatchObject({ retryAfter: 60 });
    expect(registry.takeSeen()).toHaveLength(1);
  });

  it("that answers with a page in place of JSON is told of", async () => {
    registry.everyFault = { kind: "html" };
    const failing = registries().document("npm", "a");
    await expect(failing).rejects.toThrow('answers with text/html in place of JSON for "a"');
  });

  it("that sends other bytes than the lock's hash is told of", async () => {
    const asked = registries();
    const one = await locked();
    registry.everyFault = { kind: "other-bytes" };
    await expect(asked.tarball(one)).rejects.toThrow(
      'tarball of "a@1.0.0" is not the one in the lock',
    );
    registry.everyFault = undefined;
    const weak = { ...one, integrity: "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" };
    await expect(asked.tarball(weak)).rejects.toThrow('no SHA-512 hash of "a@1.0.0"');
    const both = { ...one, integrity: `sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= ${one.integrity}` };
    expect((await asked.tarball(both)).length).toBeGreaterThan(100);
    const gone = asked.tarball({ ...one, tarball: "/a/-/none.tgz" });
    await expect(gone).rejects.toThrow('The registry has no tarball of "a@1.0.0"');
  });

  it("bounds one build's requests and bytes", async () => {
    const few = registries({ limits: { requests: 2 } });
    await few.document("npm", "a");
    await few.document("npm", "a");
    await expect(few.document("npm", "a")).rejects.toThrow("more than 2 requests");
    const short = registries({ limits: { receivedBytes: 700 } });
    await short.document("npm", "a");
    await expect(short.document("npm", "a")).rejects.toThrow("sends more than 0 MiB for them");
  });

  it("is left at once when its build ends", async () => {
    registry.everyFault = { kind: "slow" };
    const controller = new AbortController();
    const asking = registries({ signal: controller.signal }).document("npm", "a");
    setTimeout(() => controller.abort(new Error("Nobody waits")), 100);
    await expect(asking).rejects.toThrow("Nobody waits");
  });

  it("that is down is told of", async () => {
    const gone = await TestRegistry.start();
    await gone.stop();
    const failing = registries({ url: "http://127.0.0.1:1" }).document("npm", "a");
    await expect(failing).rejects.toThrow('cannot be reached for "a" (ECONNREFUSED)');
  });
});

describe("addresses of a registry", () => {
  const port = () => registry.url.split(":")[2];
  const leadingTo = (...addresses: string[]): OperatorRules => ({
    ...PLAIN_RULES,
    lookup: async () => addresses,
  });

  it("may be private, because the operator has named it", async () => {
    const asked = registries({ url: `http://npm.test:${port()}`, rules: leadingTo("127.0.0.1") });
    expect((await asked.document("npm", "a")).status).toBe(200);
  });

  it("are found by the name that the certificate is for", async () => {
    const { key, cert } = certificateFor("npm.test");
    const secure = await TestRegistry.start([FILE], { tls: { key, cert } });
    const ask = (name: string, ca?: string) => {
      const url = `https://${name}:${secure.host.split(":")[1]}`;
      const asked = registries({ url, rules: leadingTo("127.0.0.1"), ...(ca && { ca }) });
      return asked.document("npm", "a");
    };
    expect((await ask("npm.test", cert)).status).toBe(200);
    await expect(ask("other.test", cert)).rejects.toThrow("ERR_TLS_CERT_ALTNAME_INVALID");
    await expect(ask("npm.test")).rejects.toThrow("DEPTH_ZERO_SELF_SIGNED_CERT");
    await secure.stop();
  });

  it.each([
    ["a cloud's metadata", ["169.254.169.254"], "METADATA_ADDRESS"],
    ["one of several", ["127.0.0.1", "169.254.169.254"], "METADATA_ADDRESS"],
    ["special", ["0.0.0.0"], "ADDRESS_NOT_ALLOWED"],
    ["missing", [], "RESOLVE_FAILED"],
  ])("are refused if they are %s", async (_what, addresses, code) => {
    const asked = registries({ url: `http://npm.test:${port()}`, rules: leadingTo(...addresses) });
    await expect(asked.document("npm", "a")).rejects.toThrow(code);
    expect(registry.seen).toEqual([]);
  });

  it.each([
    "",
    "npm.test",
    "ftp://npm.test",
    "http://me:secret@npm.test",
    "https://npm.test/?token=secret",
    "https://npm.test/#x",
    "https://npm_test/",
  ])("are refused as %s", (text) => {
    expect(() => registryAddress(text, PLAIN_RULES)).toThrow(/registry of packages/);
    expect(() => registryAddress(text, PLAIN_RULES)).not.toThrow(/secret/);
  });
});

it.each([
  ["https://npm.test", "https://npm.test/a/-/a-1.tgz", "/a/-/a-1.tgz"],
  ["https://npm.test", "http://other.test:1/a/-/a-1.tgz?x=1#y", "/a/-/a-1.tgz?x=1"],
  ["https://npm.test/api/npm", "https://npm.test/api/npm/a/-/a-1.tgz", "/a/-/a-1.tgz"],
  ["https://npm.test/api/npm/", "https://registry.npmjs.org/a/-/a-1.tgz", "/a/-/a-1.tgz"],
  ["https://npm.test", "a-1.tgz", undefined],
  // Appended to the origin, these would be another user, port or host.
  ["https://npm.test", "x:a@6.6.6.6/a/-/a-1.tgz", undefined],
  ["https://npm.test", "x::81/a/-/a-1.tgz", undefined],
  ["https://npm.test", "x:.evil.test/a/-/a-1.tgz", undefined],
  // A registry may decode these once or twice before it looks for the file.
  ["https://npm.test", "https://npm.test/a/..%2f..%2fb/-/b-1.tgz", undefined],
  ["https://npm.test", "https://npm.test/a/..%5c..%5cb/-/b-1.tgz", undefined],
  ["https://npm.test", "https://npm.test/a/%252e%252e/%252e%252e/b/-/b-1.tgz", undefined],
  ["https://npm.test", "https://npm.test/a/-/a.tgz%0d%0aX:%20y", undefined],
  ["https://npm.test", "https://npm.test/a/-/a.tgz%00.tgz", undefined],
  ["https://npm.test", "https://npm.test/%/a/-/a.tgz", undefined],
  ["https://npm.test", "https://npm.test/@b%2fa/-/a-1.0.0%2b1.tgz", "/@b%2fa/-/a-1.0.0%2b1.tgz"],
])("below %s, %s is %s", (base, url, path) => {
  expect(tarballPath(registryAddress(base, PLAIN_RULES), url)).toBe(path);
});

it("sends the token to no other host or port, whatever the path in a lock is", async () => {
  const other = await TestRegistry.start([FILE]);
  const { port } = new URL(other.url);
  const asked = registries({ token: "t0p-secret" });
  for (const tarball of [
    `a@127.0.0.1:${port}/a/-/a-1.0.0.tgz`,
    `@127.0.0.1:${port}/a/-/a-1.0.0.tgz`,
  ]) {
    await expect(asked.tarball(await locked({ tarball }))).rejects.toThrow(RegistryFailed);
  }
  expect(other.seen).toEqual([]);
  await other.stop();
});

it.each([
  ["/zod/-/zod-1.0.0.tgz", true],
  ["/api/npm/zod/-/zod-1.0.0.tgz?x=1", true],
  ["/~/11/zod/1.0.0.tgz", true],
  ["/@a/zod/-/zod-1.0.0.tgz", false],
  ["/@a%2fzod/-/zod-1.0.0.tgz", false],
  ["/evil/-/evil-1.0.0.tgz?/zod/", false],
  ["/evil/-/zod-1.0.0.tgz", false],
  ["/%zod/", false],
])("%s may be a tarball of zod: %s", (path, may) => {
  expect(isTarballOf(path, "zod")).toBe(may);
  expect(isTarballOf(path.replace("zod", "@b/c"), "@b/c")).toBe(may);
});
