import { BadRequest } from "../../src/base/errors.ts";
import {
  adminUsageQuery,
  allUsage,
  denialsQuery,
  ownUsage,
  shownDenials,
  usageQuery,
} from "../../src/contract/usage.ts";
import { inTurn } from "../http/one-at-a-time.ts";
import { pageOf } from "../http/page.ts";
import { type Route, route } from "../http/route.ts";
import type { ExecutionWriter } from "../runs/execution-writer.ts";
import type { StorageCounts } from "../store/contract/storage.ts";
import type { Days, DenialSum, UsageDetails, UsageGroup } from "../store/contract/usage.ts";

const DAY = 86_400_000;
/** Days of a request that names none. */
const DAYS = 30;
const MOST_DAYS = 400;

export interface UsageParts {
  readonly usage: UsageDetails;
  readonly storage: StorageCounts;
  readonly executionWriter: ExecutionWriter;
}

/** `GET /usage` and `GET /usage/denials`: what a tenant has used, and what it was refused. */
export function usageRoutes({ usage, storage, executionWriter }: UsageParts): Route[] {
  const common = { method: "GET", scope: "tenant", needs: "read", tags: ["Tenant"] } as const;
  const own = route({
    ...common,
    path: "/usage",
    summary: "What you have used, by day or function, beside your limits",
    operationId: "getUsage",
    query: usageQuery,
    responses: { 200: { description: "Sums of days in UTC", schema: ownUsage } },
    handler: async ({ query: { by, after, limit, ...asked }, caller, c }) => {
      const days = daysOf(asked);
      const { id } = caller.tenant;
      const { concurrency, queue, rate, budget, storage: most } = caller.limits;
      await executionWriter.flush();
      const filter = { ...days, tenant: id };
      const found = await usage.groups({ ...filter, by, after, limit: limit + 1 });
      const { page, ...next } = pageOf(found, limit, ({ key }) => key);
      const keyed = ({ key, ...sum }: UsageGroup) =>
        by === "day" ? { day: key, ...sum } : { function: key || null, ...sum };
      return c.json({
        ...days,
        by,
        totals: await usage.total(filter),
        groups: page.map(keyed),
        ...next,
        limits: { ...(Number.isFinite(concurrency) && { concurrency, queue }), rate, budget },
        storage: await storage.used(id, most),
      });
    },
  });
  const denials = route({
    ...common,
    path: "/usage/denials",
    summary: "What your code was refused, the most frequent first",
    operationId: "listDenials",
    query: denialsQuery,
    responses: { 200: { description: "Sums of days in UTC", schema: shownDenials } },
    handler: async ({ query: { limit, ...asked }, caller, c }) => {
      const days = daysOf(asked);
      await executionWriter.flush();
      const found = await usage.denials(caller.tenant.id, days, limit);
      return c.json({ ...days, denials: found.map(shown) });
    },
  });
  return [inTurn(own), inTurn(denials)];
}

/** `GET /admin/usage`: what all tenants have used. */
export function adminUsageRoutes({ usage, executionWriter }: Omit<UsageParts, "storage">): Route[] {
  return [
    route({
      method: "GET",
      path: "/admin/usage",
      scope: "admin",
      tags: ["Administration"],
      summary: "What the tenants have used, by tenant or day",
      operationId: "getAllUsage",
      query: adminUsageQuery,
      responses: { 200: { description: "A page of sums of days in UTC", schema: allUsage } },
      handler: async ({ query: { by, tenant, after, limit, ...asked }, c }) => {
        const days = daysOf(asked);
        await executionWriter.flush();
        const filter = { ...days, tenant };
        const found = await usage.groups({ ...filter, by, after, limit: limit + 1 });
        const { page, ...next } = pageOf(found, limit, ({ key }) => key);
        const groups = page.map(({ key, ...sum }) => ({ [by]: key, ...sum }));
        return c.json({ ...days, by, totals: await usage.total(filter), groups, ...next });
      },
    }),
  ];
}

/**
 * Returns the days of a request.
 *
 * @throws {BadRequest} If they are too many, or end before they begin.
 */
function daysOf(asked: {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}): Days {
  const { to = dayOf(Date.now()) } = asked;
  const { from = dayOf(Date.parse(to) - (DAYS - 1) * DAY) } = asked;
  const count = (Date.parse(to) - Date.parse(from)) / DAY + 1;
  if (count < 1) throw new BadRequest("from", `from: Later than "to", which is ${to}`);
  if (count > MOST_DAYS)
    throw new BadRequest("from", `from: More than ${MOST_DAYS} days before "to"`);
  return { from, to };
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function shown({ kind, subject, function: name, count, lastAt }: DenialSum) {
  const whose = name === "" ? "" : `, by ${name}`;
  const what = subject === "" ? "others" : subject;
  const text = `${count} × ${kind} ${what}${whose}, last ${lastAt.toISOString()}`;
  return { kind, subject: subject || null, function: name || null, count, lastAt, text };
}
