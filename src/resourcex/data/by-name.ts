import { LocatorError } from "../base/resourcex-errors.ts";
import { LATEST } from "./identifier.ts";
import type { RXL } from "./locator.ts";
import { type StorableRXL, storableOfText } from "./storable.ts";

/** A resource that has the asked name. */
export interface Named {
  readonly locator: StorableRXL;
  /** Time of its last change; of any unit. */
  readonly changed: bigint;
}

/** Tests whether a locator leaves the type open, so that it is looked for by its name. */
export function isByName({ type }: RXL): boolean {
  return type === undefined;
}

/** Tests whether a locator means the newest version of its name. */
export function meansNewest({ version = LATEST }: RXL): boolean {
  return version === LATEST;
}

/** Tests whether a stored locator has the name of an asked one, whatever its type and version. */
export function hasNameOf(asked: StorableRXL, { domain, path, name }: RXL): boolean {
  return domain === asked.domain && path === asked.path && name === asked.name;
}

/**
 * Picks what a locator without a type means. Its tag `latest` means the version that changed last.
 *
 * @throws {LocatorError} If several types have that name and version.
 */
export function pick(asked: StorableRXL, all: readonly Named[]): StorableRXL | undefined {
  if (!meansNewest(asked)) return withVersion(asked, all, asked.version);
  const [first, ...others] = all;
  if (first === undefined) return undefined;
  const newest = others.reduce((a, b) => (b.changed > a.changed ? b : a), first);
  return withVersion(asked, all, newest.locator.version);
}

/**
 * Picks the version that a locator names, and takes `latest` as a name.
 *
 * @throws {LocatorError} If several types have that name and version.
 */
export function pickExactly(asked: StorableRXL, all: readonly Named[]): StorableRXL | undefined {
  return withVersion(asked, all, asked.version ?? LATEST);
}

/**
 * Returns the only one of these.
 *
 * @throws {LocatorError} That names two of them.
 */
export function onlyOne(asked: StorableRXL, found: readonly RXL[]): RXL | undefined {
  const [first, second] = found;
  if (second === undefined) return first;
  throw new LocatorError(`${asked} is both ${first} and ${second}: say which`);
}

function withVersion(
  asked: StorableRXL,
  all: readonly Named[],
  version: string | undefined,
): StorableRXL | undefined {
  const found = all.map(({ locator }) => locator).filter((one) => one.version === version);
  return onlyOne(asked, found) as StorableRXL | undefined;
}

/** Keeps those that are locators: other programs may have left anything in a directory. */
export function namedBy(text: string, changed: bigint): Named[] {
  const locator = storableOfText(text);
  return locator === undefined ? [] : [{ locator, changed }];
}
