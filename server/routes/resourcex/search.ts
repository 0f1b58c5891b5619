import { z } from "zod";
import { text } from "../../../src/contract/query-values.ts";
import type { RXL } from "../../../src/resourcex/data/locator.ts";
import type { Route } from "../../http/route.ts";
import type { ResourceService } from "../../resources/resource-service.ts";
import { MOST_FOUND } from "../../store/contract/resources.ts";
import { registryRoute } from "./registry-route.ts";
import { locatorAnswer } from "./schemas.ts";

const LIMIT = 50;
const MAX_LIMIT = 500;

/** Part of a locator, which has at most 256 characters. */
const part = text(256).optional();
const count = z
  .string()
  .regex(/^\d{1,9}$/, "Not a whole number")
  .transform(Number);

const asked = z.object({
  q: part,
  type: part,
  domain: part,
  limit: count.optional(),
  offset: count.refine((offset) => offset <= MOST_FOUND, `More than ${MOST_FOUND}`).optional(),
});

const page = z.object({ results: z.array(locatorAnswer.loose()), total: z.int() });

/** `GET /search?q&type&domain&limit&offset`: a page of resources, and their number up to 10,000. */
export function searchRoute(resourceService: ResourceService): Route {
  return registryRoute({
    method: "GET",
    needs: "read",
    path: "/search",
    summary: "Look for resources by domain, path, name and type",
    operationId: "searchResources",
    query: asked,
    responses: { 200: { description: "A page, and how many there are", schema: page } },
    handler: async ({ query: { q = "", type, domain, limit = LIMIT, offset = 0 }, c }) => {
      const { locators, total } = await resourceService.resources.search({
        text: q,
        type,
        domain,
        limit: Math.min(MAX_LIMIT, limit),
        offset,
      });
      return c.json({ results: locators.map(describe), total });
    },
  });
}

function describe(locator: RXL): object {
  const { domain, path, name, type, version } = locator;
  // The last two are what readers of the form with a tag look for.
  return {
    locator: String(locator),
    domain,
    path,
    name,
    type,
    version,
    registry: domain,
    tag: version,
  };
}
