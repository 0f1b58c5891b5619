import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { admit } from "../../../../src/destinations/admit.ts";
import { parseAuthority } from "../../../../src/destinations/host.ts";
import { Refusal } from "../../../../src/destinations/refusal.ts";
import { parseHosts } from "../../../../src/dns/hosts-file.ts";
import { Lookups } from "../../../../src/dns/lookups.ts";
import { nameServerResolver, type Resolver } from "../../../../src/dns/resolve.ts";
import { candidates, parseSearchList } from "../../../../src/dns/search-list.ts";
import { Cleanup, directory, eventually } from "../../../helpers/egress.ts";
import { startNameServer, type Zone } from "../../../helpers/name-server.ts";
import { ownTime } from "../../../helpers/own-time.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const never = new AbortController().signal;

/** Makes a resolver that uses only this test's name server. */
async function resolverOf(zone: Zone, hosts = "", resolv = "") {
  const path = await directory(cleanup);
  const [hostsFile, resolvConf] = [join(path, "hosts"), join(path, "resolv.conf")];
  await writeFile(hostsFile, hosts);
  await writeFile(resolvConf, resolv);
  const server = await startNameServer(cleanup, zone);
  const resolver = nameServerResolver({ hostsFile, resolvConf, servers: [server.at] });
  return { resolver, server, hostsFile };
}

describe("the resolver", () => {
  it("gives all addresses of both families in turn", async () => {
    const { resolver } = await resolverOf((_name, type) =>
      type === "A" ? ["192.0.2.1", "192.0.2.2"] : ["2001:0db8:0000:0000:0000:0000:0000:0001"],
    );
    const addresses = ["192.0.2.1", "2001:db8::1", "192.0.2.2"];
    expect(await resolver("up.test", never)).toEqual(addresses);
  });

  it("asks the hosts file first, as it is by now", async () => {
    const { resolver, server, hostsFile } = await resolverOf(
      () => undefined,
      "192.0.2.7 Fixed.test alias # 192.0.2.8 no.test\n::1 fixed.test\n",
    );
    expect(await resolver("fixed.test", never)).toEqual(["192.0.2.7", "::1"]);
    expect(await resolver("alias", never)).toEqual(["192.0.2.7"]);
    expect(server.asked).toEqual([]);
    await writeFile(hostsFile, "192.0.2.9 alias\n");
    expect(await resolver("alias", never)).toEqual(["192.0.2.9"]);
    await expect(resolver("fixed.test", never)).rejects.toMatchObject({ code: "RESOLVE_FAILED" });
  });

  it("completes names by the search list", async () => {
    const zone: Zone = (name, type) =>
      name.endsWith(".corp.test") ? (type === "A" ? ["192.0.2.3"] : []) : undefined;
    const { resolver, server } = await resolverOf(zone, "", "search other.test corp.test\n");
    expect(await resolver("api", never)).toEqual(["192.0.2.3"]);
    expect(server.asked.filter((asked) => asked.endsWith(" A"))).toEqual([
      "api.other.test A",
      "api.corp.test A",
    ]);
  });

  it("takes no name with hundreds of addresses", async () => {
    const many = Array.from({ length: 101 }, (_, at) => `192.0.2.${at}`);
    const { resolver } = await resolverOf((_name, type) => (type === "A" ? many : []));
    await expect(resolver("many.test", never)).rejects.toMatchObject({ code: "RESOLVE_FAILED" });
  });

  it("gives up on a server that says nothing, and at once when nobody waits", async () => {
    const { resolver } = await resolverOf(() => null);
    const late = resolver("never.test", never);
    const stop = new AbortController();
    const taken = ownTime();
    const stopped = resolver("never.test", stop.signal);
    setTimeout(() => stop.abort(), 50);
    await expect(stopped).rejects.toThrow();
    expect(taken()).toBeLessThan(1_000);
    await expect(late).rejects.toMatchObject({ code: "RESOLVE_TIMEOUT" });
  });

  it("leaves the threads that file operations need to them", async () => {
    const { resolver, hostsFile } = await resolverOf(() => null);
    const stop = new AbortController();
    const waiting = Array.from({ length: 40 }, (_, at) => resolver(`n${at}.test`, stop.signal));
    const taken = ownTime();
    await readFile(hostsFile);
    expect(taken()).toBeLessThan(1_000);
    stop.abort();
    expect((await Promise.allSettled(waiting)).map(({ status }) => status)).not.toContain(
      "fulfilled",
    );
  });
});

describe("look-ups", () => {
  /** Makes a resolver that waits for `go`, and records its questions. */
  function held(): { resolver: Resolver; asked: string[]; go: (outcome?: Error) => void } {
    const asked: string[] = [];
    const waiting: ((outcome?: Error) => void)[] = [];
    const resolver: Resolver = (name) => {
      asked.push(name);
      return new Promise((resolve, reject) => {
        waiting.push((outcome) => (outcome ? reject(outcome) : resolve(["192.0.2.1"])));
      });
    };
    return { resolver, asked, go: (outcome) => waiting.shift()?.(outcome) };
  }

  it("are few at a time for a run and for an owner, and hold nobody else up", async () => {
    const { resolver, asked, go } = held();
    const { lookup } = new Lookups(resolver);
    const ask = (owner: string, run: string) =>
      lookup(`${owner}-${run}-${asked.length}`, { owner, run, signal: never });
    const first = Array.from({ length: 20 }, () => ask("a", "1"));
    await eventually(() => asked.length === 8);
    const more = ["2", "3"].flatMap((run) => Array.from({ length: 20 }, () => ask("a", run)));
    await eventually(() => asked.length === 16);
    const other = ask("b", "1");
    await eventually(() => asked.length === 17);
    for (let count = 0; count < 61; count += 1) {
      await eventually(() => asked.length > count);
      go();
    }
    await Promise.all([...first, ...more, other]);
  });

  it("have their whole time from their turn on, however long others take", async () => {
    const { resolver, asked, go } = held();
    const { lookup } = new Lookups(resolver);
    const classify = (): "public" => "public";
    const operatorRules = { lookup, classify, privateDestinations: new Set<string>() };
    const asker = { owner: "a", run: "1", signal: never };
    const admitted = (at: number) =>
      admit(parseAuthority(`name${at}.test:80`), operatorRules, asker, 100);
    const first = Array.from({ length: 8 }, (_, at) => lookup(`busy${at}.test`, asker));
    await eventually(() => asked.length === 8);
    const waiting = admitted(1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    go();
    await eventually(() => asked.length === 9);
    const next = admitted(2);
    for (let count = 0; count < 8; count += 1) go();
    await Promise.all([...first, waiting]);
    await eventually(() => asked.length === 10);
    await expect(next).rejects.toMatchObject({ code: "RESOLVE_TIMEOUT" });
  });

  it("that nobody waits for leave the queue, and are no failures", async () => {
    const { resolver, asked, go } = held();
    const { lookup } = new Lookups(resolver);
    const stop = new AbortController();
    const busy = Array.from({ length: 8 }, () =>
      lookup("busy.test", { owner: "a", run: "1", signal: never }),
    );
    await eventually(() => asked.length === 8);
    const waiting = lookup("late.test", { owner: "a", run: "1", signal: stop.signal });
    stop.abort(new Refusal("RESOLVE_TIMEOUT", "Too late"));
    await expect(waiting).rejects.toMatchObject({ code: "RESOLVE_TIMEOUT" });
    for (const _ of busy) go();
    await Promise.all(busy);
    const again = lookup("late.test", { owner: "a", run: "1", signal: never });
    await eventually(() => asked.length === 9);
    go();
    expect(await again).toEqual(["192.0.2.1"]);
  });

  it("that fail are not made again for a moment, by the same owner", async () => {
    const { resolver, asked, go } = held();
    const { lookup } = new Lookups(resolver);
    const ask = (owner: string) => lookup("gone.test", { owner, run: "1", signal: never });
    const failed = ask("a");
    await eventually(() => asked.length === 1);
    go(new Error("no such name"));
    await expect(failed).rejects.toMatchObject({ code: "RESOLVE_FAILED" });
    await expect(ask("a")).rejects.toMatchObject({ code: "RESOLVE_FAILED" });
    expect(asked).toHaveLength(1);
    const other = ask("b");
    await eventually(() => asked.length === 2);
    go();
    expect(await other).toEqual(["192.0.2.1"]);
  });
});

describe("the system's files", () => {
  it("are read as other programs read them", () => {
    const list = "# a\nsearch a.test b.test.\noptions rotate ndots:2\noptions ndots:999\n";
    expect(parseSearchList(list)).toEqual({ domains: ["a.test", "b.test"], ndots: 15 });
    expect(parseSearchList("domain c.test\n")).toEqual({ domains: ["c.test"], ndots: 1 });
    expect(parseHosts("no-address a\n127.0.0.1\tlocalhost\r\n")).toEqual(
      new Map([["localhost", ["127.0.0.1"]]]),
    );
  });

  it.each([
    ["api", 1, ["api.corp.test.", "api."]],
    ["a.b", 1, ["a.b.", "a.b.corp.test."]],
    ["a.b", 2, ["a.b.corp.test.", "a.b."]],
    ["api", 0, ["api.", "api.corp.test."]],
    [`${"a.".repeat(125)}a`, 1, [`${"a.".repeat(125)}a.`]],
  ])("complete %.10s with ndots %i", (name, ndots, expected) => {
    expect(candidates(name, { domains: ["corp.test"], ndots })).toEqual(expected);
  });
});
