/** Checked input: Hono with Valibot. */
import { Hono } from "hono";
import { validator } from "hono/validator";
import * as v from "valibot";

const order = v.object({
  sku: v.pipe(v.string(), v.regex(/^[a-z]+-\d+$/, "The sku is like chair-1")),
  count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10)), 1),
  when: v.optional(v.pipe(v.string(), v.isoTimestamp(), v.transform((text) => new Date(text).getTime()))),
});

const search = v.object({ q: v.string(), page: v.optional(v.pipe(v.string(), v.transform(Number), v.integer()), "1") });

const app = new Hono()
  .post(
    "/orders",
    validator("json", (value, c) => {
      const { success, output, issues } = v.safeParse(order, value);
      return success ? output : c.json({ issues: issues.map(({ message, path }) => [path?.[0].key, message]) }, 422);
    }),
    (c) => c.json(c.req.valid("json"), 201),
  )
  .get(
    "/search",
    validator("query", (value, c) => {
      const result = v.safeParse(search, value);
      return result.success ? result.output : c.json(v.flatten(result.issues), 400);
    }),
    (c) => c.text(`${c.req.valid("query").q} ${c.req.valid("query").page}`),
  );

export default app;
