import { createSocket } from "node:dgram";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cgroups, versions } from "../../../doctor/docker-checks.ts";
import { checkClock, checkNames, checkSocketPaths } from "../../../doctor/host-checks.ts";
import { knownBad } from "../../../doctor/known-bad.ts";
import { checkNode } from "../../../doctor/node-check.ts";
import { matches } from "../../../doctor/probe.ts";
import { checkStore } from "../../../server/cli/store-check.ts";
import { databaseFault } from "../../../server/database-fault.ts";
import { config } from "../../../src/config/config.ts";

const VERSION = JSON.parse(
  await readFile(new URL("../../../package.json", import.meta.url), "utf8"),
).engines.node.slice(">=".length);

describe("Node", () => {
  it.each([
    ["18.20.8", "2026-11-01", "fail"],
    ["20.18.3", "2026-04-01", "fail"],
    ["20.19.0", "2026-04-30", "ok"],
    ["20.19.0", "2026-05-01", "warn"],
    ["21.7.3", "2026-04-30", "warn"],
    ["22.20.0", "2026-11-01", "ok"],
    ["22.20.0", "2027-05-01", "warn"],
    ["23.11.1", "2026-11-01", "warn"],
    ["24.22.3", "2026-11-01", "ok"],
    ["24.22.3", "2028-05-01", "warn"],
    ["25.9.0", "2026-11-01", "warn"],
    ["30.0.0", "2031-01-01", "ok"],
  ])("%s on %s: %s", (version, day, level) => {
    const finding = checkNode(version, new Date(day));
    expect(finding).toMatchObject({ level, check: "node" });
    expect(finding.message).toContain(level === "warn" ? "no security fixes" : version);
    if (level !== "ok") expect(finding.advice).toContain("Node 24");
  });

  it("is refused below what package.json asks for", () => {
    expect(checkNode(`${VERSION}.0`, new Date("2026-01-01")).level).toBe("ok");
    const [major = 0, minor = 0] = VERSION.split(".").map(Number);
    expect(checkNode(`${major}.${minor - 1}.9`).level).toBe("fail");
  });
});

const LEAK = "CVE-2024-21626";
const MASKS = "CVE-2025-31133, CVE-2025-52565, CVE-2025-52881";

describe("known bad versions", () => {
  it.each([
    ["runc", "1.0.0-rc6", ["CVE-2019-5736", "CVE-2021-30465", LEAK, MASKS]],
    ["runc", "1.0.0-rc94", ["CVE-2021-30465", LEAK, MASKS]],
    ["runc", "1.0.0", [LEAK, MASKS]],
    ["runc", "1.1.11", [LEAK, MASKS]],
    ["runc", "1.1.12", [MASKS]],
    ["runc", "1.2.7", [MASKS]],
    ["runc", "1.2.8", []],
    ["runc", "1.3.2", [MASKS]],
    ["runc", "1.3.3", []],
    ["runc", "1.4.0-rc.2", [MASKS]],
    ["runc", "1.4.0-rc.3", []],
    ["runc", "1.4.0", []],
    ["runc", "1.10.0", []],
    ["containerd", "1.2.13", ["CVE-2020-15257"]],
    ["containerd", "1.4.2", ["CVE-2020-15257"]],
    ["containerd", "v1.4.3", []],
    ["containerd", "2.1.0", []],
    ["Engine", "20.10.8", ["CVE-2021-41091"]],
    ["Engine", "28.2.2", []],
    ["docker-init", "0.1.0", []],
  ])("%s %s", (component, version, ids) => {
    expect(knownBad(component, version).map(({ id }) => id)).toEqual(ids);
  });

  const found = (version: string) => [
    ...versions({ Components: [{ Name: "runc", Version: version }] }),
  ];

  it.each(["1.1.5+ds1", "1.1.5-0ubuntu1~22.04.1", "1.1.5-1.el9"])(
    "only warn of a distribution's %s",
    (version) => expect(found(version).map(({ level }) => level)).toEqual(["warn", "warn"]),
  );

  it("fail as their makers' own, and say what to update to", () => {
    const [leak] = found("1.1.5");
    expect(leak).toMatchObject({ level: "fail", check: "versions" });
    expect(leak?.message).toContain(LEAK);
    expect(leak?.advice).toContain("1.1.12");
    expect(found("1.3.3")).toEqual([expect.objectContaining({ level: "ok" })]);
  });
});

describe("control groups", () => {
  const all = { MemoryLimit: true, CpuCfsQuota: true, PidsLimit: true, SwapLimit: true };
  const levels = (info: object) => [...cgroups({ ...all, ...info })].map(({ level }) => level);

  it.each([
    [{}, ["ok"]],
    [{ MemoryLimit: false }, ["fail"]],
    [{ CpuCfsQuota: false }, ["fail"]],
    [{ PidsLimit: false }, ["fail"]],
    [{ SwapLimit: false }, ["ok", "warn"]],
  ])("of %j are %j", (info, expected) => expect(levels(info)).toEqual(expected));

  it("are named when they are missing", () => {
    const [finding] = cgroups({ ...all, MemoryLimit: false, PidsLimit: false });
    expect(finding?.message).toContain("nothing limits memory and processes");
  });
});

describe("what a probe saw", () => {
  it.each([
    [{ a: 1, b: 2 }, { a: 1 }, true],
    [{ a: 1 }, { a: "1" }, false],
    [{}, { a: undefined }, false],
    [{ a: { name: "x", more: 1 } }, { a: { name: "x" } }, true],
    [{ a: null }, { a: {} }, false],
    [{ list: ["lo"] }, { list: ["lo"] }, true],
    [{ list: ["lo", "eth0"] }, { list: ["lo"] }, false],
    [{ list: ["lo"] }, { list: [] }, false],
    [{ list: { 0: "lo" } }, { list: ["lo"] }, false],
    [null, { a: 1 }, false],
  ])("%j against %j: %s", (actual, expected, verdict) => {
    expect(matches(actual, expected)).toBe(verdict);
  });
});

it("knows how long a path the kernel takes for a socket", () => {
  expect(checkSocketPaths("/run/isolate")).toEqual([]);
  expect(checkSocketPaths(`/${"x".repeat(69)}`)).toEqual([]);
  const [finding] = checkSocketPaths(`/${"x".repeat(71)}`);
  expect(finding).toMatchObject({ level: "fail", check: "run directory" });
});

describe("the store", () => {
  it("may be a directory that is not there yet, and is not made", async () => {
    const parent = await mkdtemp(join(tmpdir(), "store-"));
    expect(await checkStore(join(parent, "a/b"))).toMatchObject({ level: "ok", check: "store" });
    expect(await readdir(parent)).toEqual([]);
    await writeFile(join(parent, "file"), "");
    expect(await checkStore(join(parent, "file/b"))).toMatchObject({ level: "fail" });
    await rm(parent, { recursive: true });
  });

  it("is told of without its password", async () => {
    const finding = await checkStore("postgres://isolate:s3cret@127.0.0.1:1/isolate");
    expect(finding).toMatchObject({ level: "fail", check: "store" });
    expect(JSON.stringify(finding)).not.toContain("s3cret");
  });
});

describe("a host's surroundings", () => {
  it("a store's disk without room is told of", async () => {
    const directory = await mkdtemp(join(tmpdir(), "isolate-"));
    const most = Number.MAX_SAFE_INTEGER;
    expect(await checkStore(directory, most)).toMatchObject({ level: "warn", check: "disk" });
    await rm(directory, { recursive: true });
  });

  it("a clock that was never set is told of", () => {
    expect(checkClock(new Date("1970-01-01"))).toMatchObject([{ level: "fail", check: "clock" }]);
    expect(checkClock()).toEqual([]);
  });

  it("silent name servers are told of, and a refusal is an answer", async () => {
    const [finding] = await checkNames(["127.0.0.1:1"]);
    expect(finding).toMatchObject({ level: "warn", check: "names" });
    expect(finding?.message).toContain("RESOLVE_FAILED");
    const server = createSocket("udp4", (query, { port }) => {
      const refused = Buffer.from(query);
      refused.writeUInt16BE(0x8185, 2);
      server.send(refused, port, "127.0.0.1");
    });
    await new Promise<void>((resolve) => server.bind(0, "127.0.0.1", resolve));
    expect(await checkNames([`127.0.0.1:${server.address().port}`])).toEqual([]);
    server.close();
  });

  it("a database out of reach is told of without its password, unless tenants have their own", async () => {
    const { db } = config({ db: { url: "postgres://app:s3cret@127.0.0.1:1/shop" } });
    const fault = await databaseFault({ db, tenants: false });
    expect(fault?.message).toMatch(/DATABASE_URL at 127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/);
    expect(JSON.stringify(fault)).not.toContain("s3cret");
    expect(await databaseFault({ db, tenants: true })).toBeUndefined();
  });
});
