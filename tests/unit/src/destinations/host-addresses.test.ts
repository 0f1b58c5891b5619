/**
 * Tests addresses of the host that a firewall hides from the world, and that code here could reach.
 */
import type { NetworkInterfaceInfo } from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";
import { classify } from "../../../../src/destinations/address-class.ts";
import { admit } from "../../../../src/destinations/admit.ts";
import { parseAuthority } from "../../../../src/destinations/host.ts";
import { type ListInterfaces, sparingHost } from "../../../../src/destinations/host-addresses.ts";
import { readOperatorRules } from "../../../../src/destinations/operator-rules.ts";
import { unreachable } from "../../../../src/permissions/unreachable.ts";
import { Cleanup, startProxy } from "../../../helpers/egress.ts";

const cleanup = new Cleanup();
afterEach(async () => {
  vi.restoreAllMocks();
  await cleanup.run();
});

function on(cidr: string): NetworkInterfaceInfo {
  const [address = ""] = cidr.split("/");
  const shared = { address, cidr, netmask: "", mac: "", internal: false };
  return address.includes(":")
    ? { ...shared, family: "IPv6", scopeid: 0 }
    : { ...shared, family: "IPv4" };
}

const list: ListInterfaces = () => ({
  lo: [on("127.0.0.1/8"), on("::1/128")],
  eth0: [on("203.0.112.5/24"), on("2600:1:2:3::5/64"), on("fe80::5/64")],
  tun0: [on("2600:9::5/3")],
});

describe("the host's own addresses", () => {
  const judge = sparingHost(classify, list);

  it.each([
    ["203.0.112.5", "private"],
    // On the same link but of another owner: a provider's neighbours.
    ["203.0.112.6", "public"],
    ["2600:1:2:3::5", "private"],
    ["2600:1:2:3::6", "private"],
    ["2600:0001:0002:0003:ffff::1", "private"],
    ["2600:1:2:4::5", "public"],
    ["2600:9::5", "private"],
    ["2600:9::6", "public"],
    ["8.8.8.8", "public"],
    ["169.254.169.254", "metadata"],
    ["fe80::5", "metadata"],
    ["127.0.0.1", "private"],
    ["no address", "special"],
  ])("make %s %s", (address, expected) => {
    expect(judge(address)).toBe(expected);
  });

  it("are looked at again as they change, and not for each connection", () => {
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const looks = vi.fn<ListInterfaces>().mockReturnValueOnce({}).mockReturnValue(list());
    const changing = sparingHost(classify, looks);
    expect(changing("203.0.112.5")).toBe("public");
    expect(looks).toHaveBeenCalledTimes(1);
    now = 10_001;
    expect(changing("203.0.112.5")).toBe("private");
    expect(changing("203.0.112.5")).toBe("private");
    expect(looks).toHaveBeenCalledTimes(2);
  });

  // Nothing is dialled here, with or without the protection.
  describe("are not let through to be dialled", () => {
    const hosts = ["203.0.112.5:80", "[2600:1:2:3::5]:80", "[2600:1:2:3::6]:80", "own.test:80"];
    const decide = (host: string, privates: string[]) => {
      const lookup = async () => ["203.0.112.5"];
      const operatorRules = readOperatorRules({
        hosts: {},
        private: privates,
        lookup,
        classify: judge,
      });
      const asker = { owner: "", run: "", signal: new AbortController().signal };
      return admit(parseAuthority(host), operatorRules, asker, 1_000);
    };

    it.each(hosts)("by %s", async (host) => {
      await expect(decide(host, [])).rejects.toMatchObject({ code: "ADDRESS_NOT_ALLOWED" });
    });

    it.each(hosts)("by %s, unless the operator has named it", async (host) => {
      expect(await decide(host, [host])).toHaveLength(1);
    });

    it("where they are named, as nobody here sees them", async () => {
      const lookup = async () => ["203.0.112.9"];
      const own = ["203.0.112.9", "2600:7::/64"];
      const operatorRules = readOperatorRules({ hosts: {}, private: [], own, lookup, classify });
      const asker = { owner: "", run: "", signal: new AbortController().signal };
      for (const host of ["203.0.112.9:80", "[2600:7::1]:80", "own.test:80"]) {
        const decided = admit(parseAuthority(host), operatorRules, asker, 1_000);
        await expect(decided).rejects.toMatchObject({ code: "ADDRESS_NOT_ALLOWED" });
      }
      const places = { hosts: {}, private: [], own };
      expect(unreachable({ host: "203.0.112.9", ports: [80] }, places)).toContain("private");
    });

    it("by a proxy that is told of them, and of no nonsense", async () => {
      const { admin } = await startProxy(cleanup);
      const settings = { op: "configure", hosts: {}, private: [] };
      expect(await admin.ask({ ...settings, own: ["203.0.112.9"] })).toMatchObject({ ok: true });
      for (const text of ["203.0.112", "203.0.112.9/33", "203.0.112.9/8/8", "host", "::1%lo/64"]) {
        expect(await admin.ask({ ...settings, own: [text] })).toMatchObject({ ok: false });
      }
    });

    it("by a proxy that is started", async () => {
      const looks = vi.fn(list);
      await startProxy(cleanup, { interfaces: looks });
      expect(looks).toHaveBeenCalled();
    });
  });

  it("cannot be granted, unless the operator has named them", () => {
    const entry = { host: "203.0.112.5", ports: [80] };
    const places = { hosts: {}, private: ["203.0.112.5:80"] };
    expect(unreachable(entry, undefined, judge)).toContain("private address");
    expect(unreachable({ host: "[2600:1:2:3::9]", ports: [80] }, undefined, judge)).toContain(
      "private address",
    );
    expect(unreachable(entry, places, judge)).toBe(undefined);
  });
});
