/** Schemas of host names in the HTTP API. */
import { domainToUnicode } from "node:url";
import { z } from "zod";
import { absent, object, strictObject } from "../request/object-schema.ts";
import { functionName } from "./functions.ts";
import { tenantId } from "./tenants.ts";

/** Characters that end a host's name in a URL, or mean something else there. */
const NO_NAME = /[\s/?#@:\\[\]%]/;
const LABELS = /^(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+$/;
const MOST = 253;

/**
 * Returns a host's name as browsers send it: in lower case, in ASCII, without a dot at its end.
 * `undefined` for addresses, for names of one part, and for what is no name.
 *
 * @example hostNameOf("Bücher.Example.") // "xn--bcher-kva.example"
 */
export function hostNameOf(text: string): string | undefined {
  const url = `http://${text}`;
  if (NO_NAME.test(text) || !URL.canParse(url)) return undefined;
  const name = new URL(url).hostname.replace(/\.$/, "");
  const isAddress = /\.\d+$/.test(name);
  return name.length <= MOST && LABELS.test(name) && !isAddress && isDecoded(name)
    ? name
    : undefined;
}

/** Tells whether each encoded label stands for a text. Some runtimes take any that looks like one. */
function isDecoded(name: string): boolean {
  return !name
    .split(".")
    .some((label) => label.startsWith("xn--") && domainToUnicode(label) === label);
}

/** Schema of a host's name. Its value is the name as browsers send it. */
export const hostName = z
  .string()
  .min(1)
  .max(300)
  .transform((text, context) => {
    const name = hostNameOf(text);
    if (name !== undefined) return name;
    context.addIssue("Expected the name of a host, such as shop.example.com");
    return z.NEVER;
  })
  .meta({ type: "string" });

export const hostParams = object({
  host: hostName.meta({ type: "string", param: { example: "shop.example.com" } }),
});

/** The body of `PUT /hosts/{host}`. */
export const hostBody = strictObject({
  /** Function that answers. Default: the first part of the path names one. */
  function: functionName.optional().meta({
    description: "Function that answers; otherwise the first part of the path names one",
  }),
}).meta({ id: "HostRequest" });

/** The body of `POST /admin/hosts/{host}/verify`. */
export const verifyBody = strictObject({
  tenant: tenantId.meta({ description: "Whose request is verified" }),
}).meta({ id: "HostVerification" });

const time = z.iso.datetime();

/** A host name that a tenant has asked for. */
export const shownHost = object({
  name: z.string(),
  /** Function that answers. Absent: the first part of the path names one. */
  function: absent(z.string()),
  /** True once requests for the name are served. */
  verified: z.boolean().meta({ description: "Whether requests for it are served" }),
  verifiedAt: absent(time),
  createdAt: time,
}).meta({ id: "Host" });

/** The same for the operator. */
export const tenantHost = object({ tenant: z.string(), ...shownHost.shape }).meta({
  id: "TenantHost",
});
