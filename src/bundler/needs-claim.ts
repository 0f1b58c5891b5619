import { z } from "zod";

const name = z.string().max(1_024);

/** Needs of a function, as a confined process claims them. */
export const needsClaim = z
  .array(
    z.object({
      specifier: name,
      written: name,
      kind: z.enum(["import", "lazy", "require"]),
      type: name.optional(),
      names: z.array(name).max(5_000),
      whole: z.boolean(),
      star: z.boolean(),
    }),
  )
  .max(1_000);
