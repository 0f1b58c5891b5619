/**
 * Tests private and metadata addresses in all spellings, and names that lead there. The proxy alone
 * must stop them: the sandbox's Worker has all permissions, and the policy allows all of them.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JobGrants } from "../../src/engines/contract/contract.ts";
import { type Attempt, attack, spelled } from "./egress-attacks.ts";
import { EgressLaboratory, METADATA_ADDRESS } from "./egress-laboratory.ts";
import { type EgressSite, grants } from "./egress-site.ts";
import { canonical, ELSEWHERE, NAMES, REPAIRED_NAMES, repaired } from "./spellings.ts";

let laboratory: EgressLaboratory;
let site: EgressSite;
/** Grants everything that can be granted. */
let all: JobGrants;
/** Grants addresses that others are mapped to as well, which only a weaker proxy takes. */
let mapped: JobGrants;
let plain: readonly Attempt[];
/** Spellings that become such an address only by a repair. */
let odd: readonly Attempt[];
beforeAll(async () => {
  laboratory = await EgressLaboratory.open();
  site = await laboratory.site();
  const addresses = [METADATA_ADDRESS, laboratory.servers.metadata.address];
  const granted = [...addresses.flatMap(canonical), ...ELSEWHERE];
  all = grants([], ["*", ...granted.filter((address) => !isMapped(address))]);
  mapped = grants([], ["*", ...granted]);
  plain = spelled([...addresses.flatMap(canonical), ...NAMES]);
  odd = spelled([...addresses.flatMap(repaired), ...REPAIRED_NAMES]);
});
afterAll(() => laboratory.close());

/** Returns the verdicts without their attempts. */
async function verdictsOf(
  from: EgressSite,
  attempts: readonly Attempt[],
  granted = mapped,
): Promise<Set<string>> {
  return new Set(Object.values((await attack(from, "open", granted, attempts)).verdicts));
}

function isMapped(target: string): boolean {
  return /^\[(?:0:0:0:0:0:|::)ffff:/i.test(target);
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
      const [, target = ""] = / (\S+?)\/spelling/.exec(what) ?? [];
      const known = isMapped(target)
        ? [...BY_SPELLING, "HOST_NOT_ALLOWED"]
        : [...BY_ADDRESS, ...BY_SPELLING];
      expect(known.map((v) => [what, v])).toContainEqual([what, verdict]);
    }
    expect(fastest).toBeLessThan(100);
    expect(await reachedMetadata()).toBe(0);
  });

  it("is refused where it lies in another cloud, or behind a translator", async () => {
    // Only by CONNECT: `fetch` changes the spelling of some, which are then not granted.
    const attempts = spelled(ELSEWHERE).filter(({ how }) => how === "connect");
    const granted = attempts.filter(({ target }) => !isMapped(target));
    expect(await verdictsOf(site, granted, all)).toEqual(new Set(["METADATA_ADDRESS"]));
    const weaker = await laboratory.site(["mapped granted"]);
    expect(await verdictsOf(weaker, attempts)).toEqual(new Set(["METADATA_ADDRESS"]));
  });

  it("is refused by the classifier alone, were mapped addresses granted", async () => {
    const weaker = await laboratory.site(["mapped granted"]);
    expect(await verdictsOf(weaker, plain)).toEqual(new Set(BY_ADDRESS));
  });

  it("is reached, where its spelling is plain, without the classifier", async () => {
    const weaker = await laboratory.site(["mapped granted", "no classifier"]);
    expect(await verdictsOf(weaker, plain)).toEqual(new Set(["metadata"]));
    const strange = odd.filter(({ how }) => how !== "fetch");
    expect(await verdictsOf(weaker, strange)).toEqual(new Set(BY_SPELLING));
    // No route leads there, so the dial fails. An IPv4 address would leave the laboratory.
    const dialled = spelled(ELSEWHERE).filter(({ how, target }) => {
      return how === "connect" && target.startsWith("[");
    });
    expect(await verdictsOf(weaker, dialled)).toEqual(new Set(["DIAL_FAILED"]));
  });

  it("is refused by the classifier alone, were spellings repaired", async () => {
    const weaker = await laboratory.site(["mapped granted", "repairing parser"]);
    expect(await verdictsOf(weaker, odd)).toEqual(new Set(BY_ADDRESS));
  });

  it("is reached in every spelling without both", async () => {
    const weaker = await laboratory.site(["mapped granted", "no classifier", "repairing parser"]);
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
