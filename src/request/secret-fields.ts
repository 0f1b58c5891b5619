import { z } from "zod";

/** Most secrets of a tenant, and of one request. */
export const MOST_SECRETS = 100;

/** Name of a secret: that of the variable as which code finds it. */
export const secretName = z
  .string()
  .regex(/^[A-Za-z_]\w{0,255}$/, "Expected the name of a variable: letters, digits and _");

export const secretNames = z.array(secretName).max(MOST_SECRETS).meta({
  description: "Names of the tenant's secrets, which the code finds as variables",
});
