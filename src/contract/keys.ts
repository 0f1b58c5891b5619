/** Schemas of tenants' keys in the HTTP API. */
import { z } from "zod";
import { object, strictObject } from "../request/object-schema.ts";
import { time } from "./query-values.ts";

/** Scopes of keys, beside `invoke:` and the name of a function. */
export const KEY_SCOPES = ["execute", "deploy", "read", "manage"] as const;

const MAX_SCOPES = 100;

const keyScope = z
  .string()
  .regex(
    /^(execute|deploy|read|manage|invoke:[A-Za-z0-9][\w-]{0,62})$/,
    `Expected ${KEY_SCOPES.join(", ")}, or invoke: and a function's name`,
  );

const scopes = z.array(keyScope).min(1).max(MAX_SCOPES).nullable();

/** Body of a request for a new key. */
export const keyBody = strictObject({
  label: z.string().max(100).optional().meta({ description: "For people" }),
  scopes: scopes.optional().meta({
    description:
      "What the key may: execute, deploy, read, manage (by schedules it also runs any function), invoke:<function>; null for all. Default: what the key that makes it may",
  }),
  expiresAt: time
    .nullable()
    .optional()
    .meta({
      type: ["string", "null"],
      format: "date-time",
      description: "When it ends; null for never. Default: with the key that makes it",
    }),
}).meta({ id: "KeyRequest" });

/** A key as it is shown later. */
export const shownKey = object({
  id: z.string(),
  /** First characters of the key. */
  prefix: z.string().meta({ description: "How the key begins" }),
  label: z.string(),
  scopes: z.array(z.string()).nullable().meta({ description: "What it may; null for all" }),
  expiresAt: z.iso.datetime().nullable(),
  /** Time of a request that it opened, which is noted once a minute at most. */
  lastUsedAt: z.iso.datetime().nullable().meta({ description: "To the minute" }),
  createdAt: z.iso.datetime(),
});

/** A new key. Its text is shown in this answer alone. */
export const newKey = object({
  id: z.string(),
  key: z.string().meta({ description: "The key itself: shown this once, and kept by nobody" }),
  scopes: z.array(z.string()).optional().meta({ description: "Absent if it may all" }),
  expiresAt: z.iso.datetime().optional().meta({ description: "Absent if it does not end" }),
});
