/** Schemas of administrative changes in the HTTP API. */
import { z } from "zod";
import { object, strictObject } from "../request/object-schema.ts";
import { executionQuery } from "./executions.ts";
import { text } from "./query-values.ts";
import { tenantId } from "./tenants.ts";

const MAX_ACTION = 100;

/** An administrative change. */
export const auditEntry = object({
  id: z.uuid(),
  at: z.iso.datetime(),
  actor: z.string().meta({ description: "`admin`, or `key` and the id of a tenant's key" }),
  action: z.string(),
  /** Tenant whose it is; `null` for what belongs to none. */
  tenant: z.string().nullable(),
  target: z.string().meta({ description: "Name or id of what was changed" }),
  detail: z.record(z.string(), z.unknown()),
  requestId: z.string(),
}).meta({ id: "AuditEntry" });

const { since, until, cursor, limit } = executionQuery.shape;

export const auditQuery = strictObject({
  tenant: tenantId.optional(),
  action: text(MAX_ACTION).optional(),
  since,
  until,
  cursor,
  limit,
});
