/**
 * Tests both layers that enforce a job's network grants, each alone. The proxy is tested with
 * sandboxes whose Worker has all permissions, the Worker with a proxy that allows everything.
 * Without both, each attack must succeed; otherwise the test would prove nothing.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EgressUnavailable } from "../../src/base/errors.ts";
import { until } from "../contract/engine-contract.ts";
import { type Attempt, attack, HOSTS, literally, PORTS, spelled } from "./egress-attacks.ts";
import { EgressLaboratory, METADATA_ADDRESS } from "./egress-laboratory.ts";
import { type EgressSite, grants } from "./egress-site.ts";
import { canonical, NAMES, REPAIRED_NAMES, repaired } from "./spellings.ts";
import { WEAKNESSES, type Weakness } from "./weaker-proxy.ts";

let laboratory: EgressLaboratory;
let site: EgressSite;
let hosts: readonly Attempt[];
beforeAll(async () => {
  laboratory = await EgressLaboratory.open();
  site = await laboratory.site();
  hosts = [...HOSTS, ...literally(laboratory.servers.up.address)];
});
afterAll(() => laboratory.close());

const ONE_HOST = grants([], ["up.test"]);
const FETCH = `export default async (url) => (await fetch(url)).text()`;

async function reachedMetadata(): Promise<string[]> {
  return (await laboratory.servers.metadata.notes()).map(({ path }) => path);
}

describe.each([
  ["a new sandbox", false],
  ["a used sandbox", true],
])("a job that is granted a host, in %s", (_where, reuses) => {
  beforeAll(() => {
    site.reuses = reuses;
  });
  afterAll(async () => {
    site.reuses = false;
    await site.dropUsed();
    if (reuses) expect(site.reused).toBeGreaterThan(1);
  });

  it("reaches it, streams both ways, and nothing else", async () => {
    const code = `export default async (host) => {
      const texts = [];
      for (const path of ["/a", "/b"]) texts.push(await (await fetch("http://" + host + path)).text());
      const body = new Blob(["x".repeat(1e6)]).stream();
      texts.push(await (await fetch("http://" + host + "/post", { method: "POST", body })).text());
      return texts }`;
    const granted = grants(["up.test:80"], ["up.test"]);
    const { result, denied } = await site.run("real", granted, code, "up.test");
    expect(result).toEqual(["/a", "/b", "/post"].map((path) => `reached ${path} of up`));
    expect(denied).toEqual([]);
  });

  it("gets to no other host and no other port, the proxy alone holding it", async () => {
    const before = (await reachedMetadata()).length;
    const { verdicts, denied } = await attack(site, "open", ONE_HOST, [...hosts, ...PORTS]);
    for (const [what, verdict] of Object.entries(verdicts)) {
      expect([what, verdict]).toEqual([what, expect.stringMatching(/^(HOST|PORT)_NOT_ALLOWED$/)]);
    }
    expect(await reachedMetadata()).toHaveLength(before);
    const net = { kind: "net", by: "egress" };
    expect(denied).toContainEqual({
      ...net,
      value: "metadata.test:80",
      code: "HOST_NOT_ALLOWED",
      count: 6,
    });
    expect(denied).toContainEqual({
      ...net,
      value: "up.test:8080",
      code: "PORT_NOT_ALLOWED",
      count: 4,
    });
  });

  it("finds no way out without a grant, whatever the Worker may do", async () => {
    for (const granted of [undefined, grants([], null)]) {
      const { verdicts } = await attack(site, "open", granted, spelled(["up.test"]));
      const refused = expect.stringMatching(/^(ConnectionRefused|TypeError)$/);
      expect(Object.values(verdicts)).toEqual([refused, refused, refused]);
    }
  });
});

describe("a job that is granted a host, beside a weaker proxy", () => {
  it("would get to every one of them were the proxy's allowlist open", async () => {
    const weaker = await laboratory.site(["open allowlist"]);
    const { verdicts } = await attack(weaker, "open", ONE_HOST, [...hosts, ...PORTS]);
    expectReached(verdicts);
    expect(await reachedMetadata()).toContain("/redirected");
  });

  it("would get to other ports, and them alone, did it not look at ports", async () => {
    const weaker = await laboratory.site(["ports ignored"]);
    expectReached((await attack(weaker, "open", ONE_HOST, PORTS)).verdicts);
    const { verdicts } = await attack(weaker, "open", ONE_HOST, hosts);
    expect(new Set(Object.values(verdicts))).toEqual(new Set(["HOST_NOT_ALLOWED"]));
  });
});

describe("a job beside a proxy without any protection", () => {
  let open: EgressSite;
  let attempts: readonly Attempt[];
  beforeAll(async () => {
    open = await laboratory.site(Object.keys(WEAKNESSES) as Weakness[]);
    const addresses = [METADATA_ADDRESS, laboratory.servers.metadata.address];
    const targets = [...NAMES, ...REPAIRED_NAMES];
    for (const address of addresses) targets.push(...canonical(address), ...repaired(address));
    attempts = [...hosts, ...PORTS, ...spelled(targets)];
  });

  it("gets to none of it, the Worker alone holding it", async () => {
    const before = (await reachedMetadata()).length;
    const granted = grants(["up.test:80", "up.test:443"], ["up.test"]);
    const { verdicts } = await attack(open, "real", granted, attempts);
    expect(new Set(Object.values(verdicts))).toEqual(new Set(["NotCapable"]));
    expect(await reachedMetadata()).toHaveLength(before);
  });

  it("would get to all of it without its Worker", async () => {
    expectReached((await attack(open, "open", ONE_HOST, attempts)).verdicts);
  });
});

describe("the way out", () => {
  it("is refused while the proxy is down, beside jobs that go on without", async () => {
    const granted = grants(["up.test:80"], ["up.test"]);
    const url = "http://up.test/again";
    // Killed once the sandbox exists, because the proxy is back sooner than a sandbox starts.
    const refused = site.run("real", granted, FETCH, url, () => site.killProxy());
    await expect(refused).rejects.toBeInstanceOf(EgressUnavailable);
    const { result } = await site.run("real", undefined, "export default () => 1");
    expect(result).toBe(1);
    await until(() => site.sidecar.up);
    expect((await site.run("real", granted, FETCH, url)).result).toBe("reached /again of up");
  });
});

function expectReached(verdicts: Readonly<Record<string, string>>): void {
  for (const [what, verdict] of Object.entries(verdicts)) {
    expect([what, verdict]).toEqual([what, expect.stringMatching(/^(up|metadata)$/)]);
  }
}
