/** Schemas of secrets in the HTTP API. */
import { z } from "zod";
import { object, strictObject } from "../request/object-schema.ts";
import { secretName } from "../request/secret-fields.ts";

/** Most characters of a value. */
const MOST = 32_768;
/** Fewest characters. A shorter value would be masked wherever its characters are by chance. */
const LEAST = 8;

export const secretParams = object({ name: secretName.meta({ param: { example: "TOKEN" } }) });

/** The body of `PUT /secrets/{name}`. */
export const secretBody = strictObject({
  value: z
    .string()
    .min(LEAST, `Has fewer than ${LEAST} characters, so it could not be masked in answers`)
    .max(MOST)
    .refine((value) => !value.includes("\0"), "Contains a NUL byte")
    .refine((value) => value.isWellFormed(), "Contains half a surrogate pair")
    .meta({ description: "Written, and never shown again" }),
}).meta({ id: "SecretBody" });

const time = z.iso.datetime();

/** A secret without its value. */
export const shownSecret = object({
  name: z.string(),
  /** Number of the times that it was written. */
  version: z.int().meta({ description: "How many times it was written" }),
  createdAt: time,
  updatedAt: time,
}).meta({ id: "Secret" });
