/** Values and requests of which the largest and worst requests are made. */
import { SOAK } from "./soak.ts";

export interface Largest {
  /** Name in a report. */
  readonly what: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Statuses that prove that it got as far as intended. */
  readonly expected: readonly number[];
}

export const MAX_BODY = 8_388_608;
export const MAX_FORM = 16_777_216;
export const JSON_TYPE = { "content-type": "application/json" };
export const NOTHING = "export default () => 1";
/** Bytes for the rest of a body besides its largest part. */
const ROOM = 2_000;

export const list = (count: number, item: (n: number) => string): string =>
  `[${Array.from({ length: count }, (_, n) => item(n)).join()}]`;
export const members = (count: number, value = "1", name = (n: number) => `k${n}`): string =>
  `{${Array.from({ length: count }, (_, n) => `"${name(n)}":${value}`).join()}}`;
export const fill = (part: string, bytes = MAX_BODY - ROOM): string =>
  part.repeat(Math.floor(bytes / Buffer.byteLength(part)));
const nested = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;

/** JSON values of any amount: the worst of each kind that one body can hold. */
const VALUES: Readonly<Record<string, () => string>> = {
  "a long text": () => `"${fill("x")}"`,
  "a text of escapes": () => `"${fill("\\u0416")}"`,
  "a text of other letters": () => `"${fill("ж")}"`,
  "texts, each another one": () => list(600_000, (n) => `"s${n}"`),
  numbers: () => list(900_000, (n) => `${n % 10}.2345`),
  members: () => members(199_000),
  "members with long names": () => members(190_000, "1", (n) => String(n).padStart(34, "x")),
  "members that are numbers": () => members(199_000, "1", (n) => String(n * 7_919)),
  "objects, each of another shape": () => list(190_000, (n) => `{"k${n}":1}`),
  "empty lists": () => list(199_000, () => "[]"),
  "lists in lists, as deep as may be": () => nested(900),
  "lists in lists, deeper": () => nested(99_000),
  "more lists in lists than there may be": () => nested(4_000_000),
  "more values than there may be": () => `[${fill("1,")}1]`,
  "more members than there may be": () => members(700_000),
};

/** Value that takes longest of those that are read whole, for operations that read bodies in the usual way. */
export const WORST = ["objects, each of another shape"];

/** Values that take longest, for the operation that all callers use. */
const SLOW = [...WORST, "texts, each another one", "more values than there may be"];

/**
 * Makes bodies with one of the values each: the worst, or those in `values`. A soak uses every value.
 */
export function eachValue(
  path: string,
  around: (value: string) => string,
  expected: readonly number[],
  {
    headers = {},
    values = WORST,
  }: { headers?: Record<string, string>; values?: readonly string[] } = {},
): Largest[] {
  const names = SOAK ? Object.keys(VALUES) : values;
  return names.map((what) => ({
    what,
    path,
    headers: { ...JSON_TYPE, ...headers },
    body: around(textOf(what)),
    expected,
  }));
}

export const ALL = Object.keys(VALUES);
export const isMain = (path: string): boolean => path === "/execute";
export const slow = (path: string): readonly string[] => (isMain(path) ? SLOW : WORST);

const made = new Map<string, string>();

/** Returns the text of a value. Values for most operations are made once. */
function textOf(what: string): string {
  const text = made.get(what) ?? VALUES[what]?.() ?? "";
  if (SLOW.includes(what)) made.set(what, text);
  return text;
}

export function json(
  what: string,
  path: string,
  body: string,
  expected: readonly number[],
): Largest {
  return { what, path, headers: JSON_TYPE, body, expected };
}

const longQuery = (names: string): string => fill(`${names}=1&`, 15_000);
export const queries = (path: string, name: string): Largest[] => [
  { what: "a long value", path: `${path}?${name}=${fill("x", 15_000)}`, expected: [200, 400, 404] },
  { what: "thousands of parameters", path: `${path}?${longQuery("a")}`, expected: [400] },
  { what: "one parameter, again and again", path: `${path}?${longQuery(name)}`, expected: [400] },
];
export const manyHeaders = (path: string): Largest => ({
  what: "thousands of headers",
  path,
  headers: Object.fromEntries(Array.from({ length: 1_500 }, (_, n) => [`h${n}`, "1"])),
  expected: [431],
});
export const plain = (path: string, ...expected: number[]): Largest[] => [
  { what: "the least", path, expected },
  manyHeaders(path),
];

/** Makes requests for a resource by its tag, in the path. */
export const tagged = (path: string, locator: string): Largest[] => [
  ...plain(`${path}/${encodeURIComponent(locator.replace(/(\.\w+)?@/, ":"))}`, 200, 404),
  { what: "a long locator", path: `${path}/${fill("x:", 15_000)}`, expected: [400] },
  { what: "a long encoded one", path: `${path}/${fill("%252E%2F", 15_000)}`, expected: [400] },
];
