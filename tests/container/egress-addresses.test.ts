/**
 * Private and metadata addresses, however they are written and however a name leads there: stopped by
 * the proxy alone, in sandboxes whose Worker may do everything, though the policy allows them all.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JobGrants } from "../../src/engines/contract/contract.ts";
import { type Attempt, attack, spelled } from "./egress-attacks.ts";
import { EgressLaboratory, METADATA_ADDRESS } from "./egress-laboratory.ts";
import { type EgressSite, grants } from "./egress-site.ts";
import { canonical, ELSEWHERE, NAMES, REPAIRED_NAMES, repaired } from "./spellings.ts";

let laboratory: EgressLaboratory;
let site: EgressSite;
/** Grants whatever can be granted. */
let all: JobGrants;
let plain: readonly Attempt[];
/** Those that only a repair makes one of the addresses. */
let odd: readonly Attempt[];
beforeAll(async () => {
  laboratory = await EgressLaboratory.open();
  site = await laboratory.site();
  const addresses = [METADATA_ADDRESS, laboratory.servers.metadata.address];
  const granted = [...addresses.flatMap(canonical), ...ELSEWHERE];
  all = grants([], ["*", ...granted]);
  plain = spelled([...addresses.flatMap(canonical), ...NAMES]);
  odd = spelled([...addresses.flatMap(repaired), ...REPAIRED_NAMES]);
});
afterAll(() => laboratory.close());

/** Verdicts without how they came about. */
async function verdictsOf(from: EgressSite, attempts: readonly Attempt[]): Promise<Set<string>> {
  return new Set(Object.values((await attack(from, "open", all, attempts)).verdicts));
}

async function reachedMetadata(): Promise<number> {
  return (await laboratory.servers.metadata.notes()).length;
}

const BY_ADDRESS = ["METADATA_ADDRESS", "ADDRESS_NOT_ALLOWED"];
const BY_SPELLING = ["BAD_HOST", "BAD_REQUEST"];

describe("a private or metadata address", () => {
  it("is refused in every spelling, at once", async () => {
    const { verdicts, fastest } = await attack(site, "open", all, [...plain, ...odd]);
    expect(Object.keys(verdicts).length).toBeGreaterThan(150);
    for (const [what, verdict] of Object.entries(verdicts)) {
      expect([...BY_ADDRESS, ...BY_SPELLING].map((v) => [what, v])).toContainEqual([what, verdict]);
    }
    expect(fastest).toBeLessThan(100);
    expect(await reachedMetadata()).toBe(0);
  });

  it("is refused where it lies in another cloud, or behind a translator", async () => {
    // By CONNECT alone: `fetch` writes some of them differently, which are then not granted.
    const attempts = spelled(ELSEWHERE).filter(({ how }) => how === "connect");
    expect(await verdictsOf(site, attempts)).toEqual(new Set(["METADATA_ADDRESS"]));
  });

  it("is reached, where its spelling is plain, without the classifier", async () => {
    const weaker = await laboratory.site(["no classifier"]);
    expect(await verdictsOf(weaker, plain)).toEqual(new Set(["metadata"]));
    const strange = odd.filter(({ how }) => how !== "fetch");
    expect(await verdictsOf(weaker, strange)).toEqual(new Set(BY_SPELLING));
    // Nothing leads there from here: it is dialled, in vain. IPv4 would leave the laboratory.
    const dialled = spelled(ELSEWHERE).filter(({ how, target }) => {
      return how === "connect" && target.startsWith("[");
    });
    expect(await verdictsOf(weaker, dialled)).toEqual(new Set(["DIAL_FAILED"]));
  });

  it("is refused by the classifier alone, were spellings repaired", async () => {
    const weaker = await laboratory.site(["repairing parser"]);
    expect(await verdictsOf(weaker, odd)).toEqual(new Set(BY_ADDRESS));
  });

  it("is reached in every spelling without both", async () => {
    const weaker = await laboratory.site(["no classifier", "repairing parser"]);
    expect(await verdictsOf(weaker, [...plain, ...odd])).toEqual(new Set(["metadata"]));
  });
});

describe("a name server that changes its answer", () => {
  const twice = (name: string): Attempt[] =>
    ["first", "second"].map((path) => ({ how: "connect", target: name, path: `/${path}` }));

  async function asked(name: string): Promise<number> {
    return (await laboratory.servers.names.notes()).filter((note) => note.name === name).length;
  }

  it("is asked once for each connection, which goes to where the check was", async () => {
    const before = await reachedMetadata();
    for (const [name, how] of [
      ["once.rebind.test", "connect"],
      ["twice.rebind.test", "fetch"],
    ] as const) {
      const attempts = twice(name).map((attempt) => ({ ...attempt, how }));
      const granted = grants([], ["*.rebind.test"]);
      const { verdicts } = await attack(site, "open", granted, attempts);
      expect(Object.values(verdicts)).toEqual(["up", "METADATA_ADDRESS"]);
      expect(await asked(name)).toBe(2);
    }
    expect(await reachedMetadata()).toBe(before);
  });

  it("leads to the metadata service, were the name looked up again", async () => {
    const weaker = await laboratory.site(["resolving again"]);
    const granted = grants([], ["*.rebind.test"]);
    const { verdicts } = await attack(weaker, "open", granted, twice("weak.rebind.test"));
    expect(Object.values(verdicts)[0]).toBe("metadata");
  });

  it("gets nothing through by hiding a bad address among good ones", async () => {
    const granted = grants([], ["*.rebind.test"]);
    const { verdicts } = await attack(site, "open", granted, spelled(["mixed.rebind.test"]));
    expect(new Set(Object.values(verdicts))).toEqual(new Set(["METADATA_ADDRESS"]));
  });
});
