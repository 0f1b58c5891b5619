import { z } from "zod";
import type { shownSettings, TenantLevel, tenantBody } from "../../src/contract/tenants.ts";

/** What a tenant may use whose settings do not say: two layers and no less. */
export const DEFAULT_LEVELS: readonly TenantLevel[] = ["container"];

export type TenantBody = z.output<typeof tenantBody>;
export type ShownSettings = z.output<typeof shownSettings>;

/** What is sealed of a tenant. */
export const secretSettings = z.strictObject({
  env: z.record(z.string(), z.string()),
  database: z.string().nullable(),
});

export type SecretSettings = z.output<typeof secretSettings>;
