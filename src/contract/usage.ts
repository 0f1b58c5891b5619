/** Schemas of the use of tenants in the HTTP API. */
import { z } from "zod";
import { object, strictObject } from "../request/object-schema.ts";
import { text } from "./query-values.ts";
import { ownTenant, shownSettings, tenantId } from "./tenants.ts";

const PAGE = 100;
const MOST_DENIALS = 1_000;
const DENIALS = 100;

const day = z.iso
  .date()
  .refine((value) => value >= "1970-01-01", "Before 1970")
  .optional();

const days = {
  from: day.meta({ description: "First day, in UTC; default: 29 days before the last" }),
  to: day.meta({ description: "Last day, in UTC; default: today" }),
};

const limit = z.coerce.number<number>().pipe(z.int().min(1).max(PAGE)).default(PAGE);
const after = text(100).optional().meta({ description: "`next` of the page before" });

export const usageQuery = strictObject({
  ...days,
  by: z.enum(["day", "function"]).default("day"),
  after,
  limit,
});

export const adminUsageQuery = strictObject({
  ...days,
  by: z.enum(["tenant", "day"]).default("tenant"),
  tenant: tenantId.optional().meta({ description: "That tenant alone" }),
  after,
  limit,
});

export const denialsQuery = strictObject({
  ...days,
  limit: z.coerce.number<number>().pipe(z.int().min(1).max(MOST_DENIALS)).default(DENIALS),
});

export const usageSum = object({
  executions: z.int(),
  outcomes: z.record(z.string(), z.int()).meta({ description: "Executions by outcome" }),
  cpu: z.number().meta({ description: "Milliseconds of processor time" }),
  wall: z.number().meta({ description: "Milliseconds since the requests" }),
  egressBytes: z.int(),
  bytesOut: z.int(),
});

const range = { from: z.iso.date(), to: z.iso.date() };
const next = z.string().optional().meta({ description: "For `after`, if there are more" });

const { concurrency, queue, rate, budget } = shownSettings.shape;

/** Use of the caller's tenant. */
export const ownUsage = object({
  ...range,
  by: z.enum(["day", "function"]),
  totals: usageSum.meta({ description: "Of all days and functions, whatever the page" }),
  groups: z.array(
    object({
      day: z.iso.date().optional(),
      function: z.string().nullable().optional().meta({
        description: "null: code of requests; *: functions beyond the 1,000 of a day",
      }),
      ...usageSum.shape,
    }),
  ),
  next,
  limits: object({
    concurrency: concurrency.optional(),
    queue: queue.optional(),
    rate,
    budget,
  }).meta({ description: "A limit that is absent is the server's own" }),
  storage: ownTenant.shape.used.shape.storage,
}).meta({ id: "Usage" });

/** Use of all tenants. */
export const allUsage = object({
  ...range,
  by: z.enum(["tenant", "day"]),
  totals: usageSum,
  groups: z.array(
    object({ tenant: z.string().optional(), day: z.iso.date().optional(), ...usageSum.shape }),
  ),
  next,
}).meta({ id: "AllUsage" });

export const shownDenials = object({
  ...range,
  denials: z.array(
    object({
      kind: z.string(),
      subject: z.string().nullable().meta({ description: "null: all others of that kind" }),
      function: z.string().nullable().meta({ description: "null: code of requests" }),
      count: z.int(),
      lastAt: z.iso.datetime(),
      text: z.string().meta({ description: "All of it in a line" }),
    }),
  ),
}).meta({ id: "Denials" });
