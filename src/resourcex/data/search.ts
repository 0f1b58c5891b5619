import { RegistryError } from "../base/resourcex-errors.ts";
import type { RXL } from "./locator.ts";

export interface SearchQuery {
  /** Looked for in domain, path, name and type, whatever the case. Default: everything is found. */
  readonly query?: string;
  /** Default: no limit. */
  readonly limit?: number;
  /** How many of those found are left out first. Default 0. */
  readonly offset?: number;
}

/** Those of the locators that are looked for, in the order of their text. */
export async function search(
  locators: AsyncIterable<RXL>,
  { query = "", limit = Number.POSITIVE_INFINITY, offset = 0 }: SearchQuery,
): Promise<RXL[]> {
  assertCount("limit", limit);
  assertCount("offset", offset);
  const wanted = query.toLowerCase();
  const found = new Map<string, RXL>();
  for await (const locator of locators) {
    const text = String(locator);
    if (withoutVersion(text).toLowerCase().includes(wanted)) found.set(text, locator);
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.slice(offset, offset + limit).map(([, locator]) => locator);
}

function withoutVersion(text: string): string {
  const at = text.indexOf("@");
  return at < 0 ? text : text.slice(0, at);
}

function assertCount(name: string, count: number): void {
  if (count >= 0 && (Number.isSafeInteger(count) || count === Number.POSITIVE_INFINITY)) return;
  throw new RegistryError(`${name} is not a whole number from 0`);
}
