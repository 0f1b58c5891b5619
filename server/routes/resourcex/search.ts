import type { Context } from "hono";
import { BadRequest } from "../../../src/errors.ts";
import type { RXL } from "../../../src/resourcex/locator.ts";
import { search } from "../../../src/resourcex/search.ts";
import type { Hub } from "../../registry/hub.ts";

const LIMIT = 50;
const MAX_LIMIT = 500;

/** `GET /search?q&type&domain&limit&offset`: a page of what there is, and how much that is. */
export function searchRoute(hub: Hub) {
  return async function find(c: Context): Promise<Response> {
    const { q = "", type, domain } = c.req.query();
    const limit = Math.min(MAX_LIMIT, count(c, "limit", LIMIT));
    const offset = count(c, "offset", 0);
    const found = (await search(hub.storage.list(), { query: q })).filter(
      (locator) =>
        (type === undefined || locator.type === type) &&
        (domain === undefined || locator.domain === domain),
    );
    const results = found.slice(offset, offset + limit).map(describe);
    return c.json({ results, total: found.length });
  };
}

function describe(locator: RXL): object {
  const { domain, path, name, type, version } = locator;
  return { locator: String(locator), domain, path, name, type, version };
}

function count(c: Context, field: string, otherwise: number): number {
  const text = c.req.query(field);
  if (text === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw new BadRequest(field, `${field}: Not a whole number`);
  return Number(text);
}
