import { z } from "zod";
import { accepted, parseAuthority } from "../destinations/host.ts";
import { patternFault } from "../destinations/path-pattern.ts";
import {
  BINDING_SCHEMES,
  HEADER_NAME,
  HEADER_VALUE,
  isBindable,
  MAX_BINDINGS,
  MAX_METHODS,
  MAX_PATH,
  MAX_PATHS,
  METHOD,
} from "../protocol/egress-bindings.ts";
import { strictObject } from "./object-schema.ts";
import { secretName } from "./secret-fields.ts";

const MAX_HOST = 262;
const MAX_FORMAT = 256;
/** Methods whose answers repeat the request, or that are no requests to a host. */
const NEVER = new Set(["CONNECT", "TRACE", "PRI"]);

const host = z
  .string()
  .max(MAX_HOST)
  .refine((text) => accepted(() => parseAuthority(text, 443)) !== undefined, {
    error: "Expected one host or host:port, without a scheme, a path or a wildcard",
  });

const header = z.string().regex(HEADER_NAME, "Expected the name of a header").refine(isBindable, {
  error: "No binding sets this header: it belongs to the connection, the message or the proxy",
});

const method = z
  .string()
  .regex(METHOD, "Expected a method in capital letters, such as GET")
  .refine((text) => !NEVER.has(text), { error: "The proxy does not forward this method" });

const path = z
  .string()
  .max(MAX_PATH)
  .superRefine((text, context) => {
    const fault = patternFault(text);
    if (fault === undefined) return;
    context.addIssue({ code: "custom", message: `The path ${fault}` });
  });

const format = z
  .string()
  .max(MAX_FORMAT)
  .refine((text) => text.split("{}").length === 2 && HEADER_VALUE.test(text), {
    error: 'Expected plain text with one {}, such as "Bearer {}"',
  });

const binding = strictObject({
  /** Name of the tenant's secret. Its value stays outside of the sandbox. */
  secret: secretName,
  /** The only host that gets the header, with its port if that is not the scheme's. */
  host: host.meta({ description: "Exact host or host:port" }),
  /** Header that the proxy puts on requests, in place of the code's own one. */
  header: header.meta({ description: "Header that the proxy puts on requests" }),
  /** Methods of the requests that get it. Default: all. */
  methods: z.array(method).min(1).max(MAX_METHODS).optional(),
  /** Paths of the requests that get it. `*` stands for a part of a segment, a last `**` for the rest. */
  paths: z.array(path).min(1).max(MAX_PATHS).optional(),
  /** Default `"https"`. With `"http"` the secret crosses the network in the clear. */
  scheme: z.enum(BINDING_SCHEMES).default("https"),
  /** The header's value, in which `{}` stands for the secret. Default `"{}"`. */
  format: format.default("{}"),
});

export const bindings = z.array(binding).max(MAX_BINDINGS).meta({
  description: "Headers with secrets that the egress proxy puts on requests to one host each",
});

/** A binding of a request, with its defaults. */
export type Binding = z.output<typeof binding>;
