/** Tests name resolution by the real proxy, with a name server of the test's own. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { EgressLaboratory } from "./egress-laboratory.ts";
import { type EgressSite, grants, runIn } from "./egress-site.ts";

let laboratory: EgressLaboratory;
let site: EgressSite;
beforeAll(async () => {
  laboratory = await EgressLaboratory.open();
  site = await laboratory.site();
});
afterAll(() => laboratory.close());

const FETCH_ALL = `export default async (hosts) => Promise.all(hosts.map(async (host) => {
  const answer = fetch("http://" + host + "/names").then((response) => response.text());
  return await answer.catch((error) => error.cause.message);
}))`;
const REACHED = "reached /names of up";

it("names that are never resolved are waited for by nobody else", async () => {
  const asked = async (): Promise<number> => {
    const notes = await laboratory.servers.names.notes();
    return new Set(notes.map(({ name }) => name).filter((name) => /never/.test(name))).size;
  };
  const other = await site.launch("real");
  try {
    // With getaddrinfo, 32 look-ups block Deno's whole pool for 10 s. Seen with Deno 2.9.6.
    const hosts = Array.from({ length: 40 }, (_, at) => `name${at}.never.test`);
    const granted = grants(
      hosts.map((host) => `${host}:80`),
      ["*.never.test"],
    );
    const hostile = [hosts.slice(0, 20), hosts.slice(20)].map((some) =>
      site.run("real", granted, FETCH_ALL, some, undefined, "hostile"),
    );
    await until(async () => (await asked()) >= 16);
    const since = performance.now();
    const { result } = await runIn(
      other,
      grants(["up.test:80"], ["up.test"]),
      FETCH_ALL,
      ["up.test"],
      "other",
    );
    expect(result).toEqual([REACHED]);
    expect(performance.now() - since).toBeLessThan(4_000);
    for (const { result, denied } of await Promise.all(hostile)) {
      // The engine's own name server may give up first.
      expect(result).toEqual(Array(20).fill(expect.stringMatching(/ dns error: /)));
      expect(denied).toHaveLength(20);
    }
  } finally {
    await other.destroy();
  }
});

it("names of the hosts file and incomplete ones are found as the system finds them", async () => {
  const hosts = ["fixed.hosts.test", "short", "incomplete.host", "up.test"];
  const granted = grants(
    hosts.map((host) => `${host}:80`),
    hosts,
  );
  const { result } = await site.run("real", granted, FETCH_ALL, hosts);
  expect(result).toEqual(hosts.map(() => REACHED));
});
