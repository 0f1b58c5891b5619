import { z } from "zod";
import type { shownSettings, TenantLevel, tenantBody } from "../../src/contract/tenants.ts";

/** Levels of a tenant whose settings name none: two layers of isolation. */
export const DEFAULT_LEVELS: readonly TenantLevel[] = ["container"];

export type TenantBody = z.output<typeof tenantBody>;
export type ShownSettings = z.output<typeof shownSettings>;

/** The sealed part of a tenant's settings. */
export const secretSettings = z.strictObject({
  env: z.record(z.string(), z.string()),
  database: z.string().nullable(),
});

export type SecretSettings = z.output<typeof secretSettings>;
