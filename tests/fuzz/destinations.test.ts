/** Tests that the proxy admits exactly the hosts that a plan grants. Both read them by one grammar. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Allowlist } from "../../src/destinations/allowlist.ts";
import { accepted, type Destination, parseAuthority } from "../../src/destinations/host.ts";
import { parseEntry } from "../../src/destinations/host-entry.ts";
import { FUZZ, FUZZ_TIMEOUT } from "../helpers/fuzz.ts";
import { planned } from "../helpers/plan.ts";

/** A host as its bytes say it, apart from how anybody writes it. */
type Meant =
  | { readonly kind: "name"; readonly labels: readonly string[] }
  | { readonly kind: "v4"; readonly bytes: readonly number[] }
  | { readonly kind: "v6"; readonly groups: readonly number[] };
type MeantEntry = { readonly host: Meant | "*"; readonly below: boolean; readonly port?: number };

const PORTS = [80, 443, 1, 8080, 65_535];
const port = fc.constantFrom(...PORTS);
const label = fc.constantFrom("a", "b", "x", "org", "xn--a", "a-1", "1e3");
const name = fc
  .array(label, { minLength: 1, maxLength: 3 })
  .map((labels): Meant => ({ kind: "name", labels }));
/** Public addresses, as all others are refused whoever grants them. */
const v4 = fc
  .constantFrom([8, 8, 8, 8], [8, 8, 4, 4], [198, 41, 0, 4])
  .map((bytes): Meant => ({ kind: "v4", bytes }));
const v6 = fc
  .array(fc.constantFrom(0, 0, 1, 0x10a), { minLength: 7, maxLength: 7 })
  .map((rest): Meant => ({ kind: "v6", groups: [0x2600, ...rest] }));
const host = fc.oneof({ weight: 3, arbitrary: name }, v4, v6);
const entry: fc.Arbitrary<MeantEntry> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ host: "*" as const, below: false }) },
  {
    weight: 2,
    arbitrary: fc.record(
      { host: name, below: fc.constant(true), port },
      { requiredKeys: ["host", "below"] },
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record(
      { host, below: fc.constant(false), port },
      { requiredKeys: ["host", "below"] },
    ),
  },
);

/** Writes a host in one of the spellings it has: by case, and by the zeros of an address. */
function written(meant: Meant, odd: boolean): string {
  if (meant.kind === "v4") return meant.bytes.join(".");
  if (meant.kind === "name") {
    const text = meant.labels.join(".");
    return odd ? text.toUpperCase() : text;
  }
  if (odd)
    return `[${meant.groups.map((group) => group.toString(16).padStart(4, "0").toUpperCase()).join(":")}]`;
  const text = meant.groups.map((group) => group.toString(16)).join(":");
  return `[${text.replace(/(^|:)0(:0)+(:|$)/, "::")}]`;
}

function writtenEntry({ host: meant, below, port: own }: MeantEntry, odd: boolean): string {
  const text = meant === "*" ? "*" : `${below ? "*." : ""}${written(meant, odd)}`;
  return own === undefined ? text : `${text}:${own}`;
}

/** Tells whether an entry includes a host and a port, by what they mean and without a line of the product. */
function includes({ host: wide, below, port: own }: MeantEntry, meant: Meant, to: number): boolean {
  if (own === undefined ? to !== 80 && to !== 443 : to !== own) return false;
  if (wide === "*") return meant.kind === "name";
  if (!below) return JSON.stringify(wide) === JSON.stringify(meant);
  if (wide.kind !== "name" || meant.kind !== "name") return false;
  const { length } = wide.labels;
  const ends = JSON.stringify(meant.labels.slice(-length)) === JSON.stringify(wide.labels);
  return meant.labels.length > length && ends;
}

/** Text of pieces that mean something to one reader or another. */
const pieces = fc
  .array(
    fc.oneof(
      {
        weight: 9,
        arbitrary: fc.constantFrom(
          ...[
            "a",
            "A",
            "x.org",
            "*",
            "*.",
            ".",
            "-",
            ":",
            ":80",
            ":443",
            ":080",
            "0x7f",
            "127.1",
            "8.8.8.8",
          ],
          ...[
            "[",
            "]",
            "[::1]",
            "[2600::1]",
            "[::ffff:8.8.8.8]",
            "::",
            "%eth0",
            "/",
            "?",
            "@",
            "unix:",
            "vsock:",
          ],
          ...[
            "\u212a",
            "\u0130",
            "\uff0e",
            "\u00ad",
            "\0",
            "\n",
            " ",
            "1",
            "65536",
            "_",
            "xn--",
            "http://",
          ],
        ),
      },
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 6 },
  )
  .map((all) => all.join(""));

const DESTINATIONS = [
  ...[
    "a",
    "A.x.org",
    "x.org",
    "b.a.x.org",
    "unix",
    "k",
    "8.8.8.8",
    "[2600::1]",
    "[::ffff:8.8.8.8]",
  ],
].flatMap((text) => PORTS.map((to) => parseAuthority(`${text}:${to}`)));

function granted(entries: readonly string[]): readonly string[] {
  return planned({ net: entries }, { wildcards: true }).egress?.allow ?? [];
}

function fuzz(title: string, property: fc.IProperty<never>): void {
  it(title, () => fc.assert(property, FUZZ), FUZZ_TIMEOUT);
}

describe("the network that a plan grants", () => {
  fuzz(
    "is what the proxy admits, and nothing else, in whatever spelling either is written",
    fc.property(
      fc.array(fc.tuple(entry, fc.boolean()), { minLength: 1, maxLength: 4 }),
      host,
      port,
      fc.boolean(),
      (entries, meant, to, odd) => {
        const plan = planned(
          { net: entries.map(([each, oddly]) => writtenEntry(each, oddly)) },
          { wildcards: true },
        );
        expect(plan.refusals).toEqual([]);
        const verdict = new Allowlist(plan.egress?.allow ?? []).verdict(
          parseAuthority(`${written(meant, odd)}:${to}`),
        );
        const expected = entries.some(([each]) => includes(each, meant, to));
        expect([verdict === "allowed", plan.egress?.allow]).toEqual([expected, plan.egress?.allow]);
      },
    ) as never,
  );

  fuzz(
    "has no entry that the proxy does not take, nor takes it one that is none",
    fc.property(pieces, (text) => {
      const isEntry = typeof parseEntry(text) !== "string";
      const list = accepted(() => new Allowlist([text]));
      expect(list !== undefined).toBe(isEntry);
      const allow = granted([text]);
      if (allow.length === 0 || list === undefined) return;
      const spelled = new Allowlist(allow);
      const verdictOf = (destination: Destination) => list.verdict(destination);
      expect(DESTINATIONS.map((each) => spelled.verdict(each))).toEqual(
        DESTINATIONS.map(verdictOf),
      );
      // Grants are in their one spelling.
      expect(granted(allow)).toEqual(allow);
    }) as never,
  );
});
