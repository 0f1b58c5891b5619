import { z } from "zod";
import type { CryptoConfig } from "../common/crypto.ts";

/** Settings of the crypto tool, as `config({ crypto })` takes them. */
export const cryptoConfig = z.strictObject({
  /** Offers `crypto.subtle`. */
  subtle: z.boolean().default(true),
  /** Most bytes that `getRandomValues()` fills in one call. */
  limit: z.int().min(1).max(65_536).default(65_536),
  /** Methods that the tool offers. */
  methods: z
    .array(z.enum(["getRandomValues", "randomUUID"]))
    .default(["getRandomValues", "randomUUID"]),
}) satisfies z.ZodType<CryptoConfig, unknown>;
