import { LISTS, type ListName } from "../permissions/perms.ts";

/** Meanings of the lists, for the contract. */
const MEANINGS: Readonly<Record<ListName, string>> = {
  env: "Names of variables, such as TZ",
  net: "Hosts, such as example.com or *.example.com:8443",
  read: "Paths that may be read",
  write: "Paths that may be written",
  run: "Programs; no level grants any",
  ffi: "Native libraries; no level grants any",
  sys: "Facts about the system, such as hostname",
};

const list = (name: ListName) => ({
  type: "array" as const,
  items: { type: "string" as const },
  maxItems: 100,
  description: MEANINGS[name],
});

/**
 * Schema of permissions for the contract. It checks nothing: the plan reads permissions itself, and
 * names each refused element.
 */
export const PERMISSIONS_SCHEMA = {
  anyOf: [
    { type: "string" as const, enum: ["none"] },
    {
      type: "object" as const,
      properties: {
        ...Object.fromEntries(LISTS.map((name) => [name, list(name)])),
        hrtime: { type: "boolean" as const, description: "Time at its full resolution" },
      },
      additionalProperties: false,
    },
  ],
};
