/** Schema of the rules for pages of other sites that call a function. */
import { z } from "zod";
import { strictObject } from "../request/object-schema.ts";

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
const OTHER_SCHEME = /^[a-z][a-z0-9+.-]{0,30}:\/\/[a-z0-9._-]{1,200}$/;

/** Tests whether a text is an origin as browsers send it. `null` is none: it is that of all sandboxed pages. */
export function isOrigin(text: string): boolean {
  if (!/^https?:/.test(text)) return OTHER_SCHEME.test(text);
  return URL.canParse(text) && new URL(text).origin === text;
}

const originOrAll = z
  .string()
  .max(300)
  .refine((text) => text === "*" || isOrigin(text), {
    message: "Expected an origin, such as https://app.example.com, or *",
  });

const tokens = z.array(z.string().regex(TOKEN, "Expected a name of HTTP")).max(50);

export const cors = strictObject({
  /** Origins of pages that may call and read it, or `*`. */
  origins: z.array(originOrAll).min(1).max(100),
  /** Methods besides GET, HEAD and POST. Default: all. */
  methods: tokens.optional().meta({ description: "Default: all" }),
  /** Headers of requests. Default: those that the page asks for. */
  headers: tokens.optional().meta({ description: "Default: those that a page asks for" }),
  /** Lets pages send cookies. Default false. */
  credentials: z.boolean().optional().meta({ description: "Whether pages may send cookies" }),
  /** Seconds for which a browser keeps the answer. */
  maxAge: z.int().min(0).max(86_400).optional().meta({ description: "Seconds" }),
}).superRefine(({ origins, credentials }, context) => {
  if (!credentials || !origins.includes("*")) return;
  const message = "Not with the origin *: cookies would go to the pages of all sites";
  context.addIssue({ code: "custom", path: ["credentials"], message });
});

/** Rules for pages of other sites. */
export type Cors = z.output<typeof cors>;
