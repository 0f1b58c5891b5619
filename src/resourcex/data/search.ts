import { RegistryError } from "../base/resourcex-errors.ts";
import type { RXL } from "./locator.ts";

export interface SearchQuery {
  /** Text to find in domain, path, name and type, ignoring case. Default: find everything. */
  readonly query?: string;
  /** Most results. Default: no limit. */
  readonly limit?: number;
  /** Number of results to skip first. Default 0. */
  readonly offset?: number;
}

/** Returns the locators that match, sorted by their text. */
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
