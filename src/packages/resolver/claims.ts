/** Forms of the resolver's answers. They are claims of a process that has parsed hostile bytes. */
import { z } from "zod";

/** Names as registries have them; old ones have capital letters. */
export const PACKAGE_NAME = /^(?:@[a-z0-9~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*$/i;
const VERSION = /^\d+\.\d+\.\d+[\w.+-]*$/;
const MAX_TEXT = 2_048;
const MAX_PATH = 8_192;
const MAX_WANTED = 10_000;
/** Packages that are counted before they are refused for their number. */
const MAX_PACKAGES = 20_000;
const MAX_TAGS = 100;

const text = z.string().max(MAX_TEXT);
const registry = z.enum(["npm", "jsr"]);
export const packageName = text.refine(isName);

/** Tells whether text is the name of a package, and of no directory but its own. */
function isName(name: string): boolean {
  return name.length <= 214 && PACKAGE_NAME.test(name) && name !== "node_modules";
}

function isPath(path: string): boolean {
  const [first, ...names] = `/${path}`.split("/node_modules/");
  return first === "" && names.length > 0 && names.every(isName);
}

/** Drops a fact that is not what it should be: none of these is needed. */
const optional = <T extends z.ZodType>(type: T) => type.optional().catch(undefined);

export const claimedPackage = z.object({
  name: packageName,
  version: z.string().max(256).regex(VERSION),
  path: z.string().max(MAX_PATH).refine(isPath),
  registry,
  tarball: text,
  integrity: text,
  optional: z.boolean(),
  unpackedBytes: optional(z.int().min(0)),
  license: optional(z.string().max(200)),
  published: optional(z.iso.datetime({ offset: true })),
  deprecated: optional(z.string().max(1_000)),
});
export type ClaimedPackage = z.infer<typeof claimedPackage>;

/** Tells whether a value is a few texts by name. Stops there: a record would have a fault for each bad one. */
function isTags(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const all = Object.entries(value);
  return all.length <= MAX_TAGS && all.flat().every((one) => text.safeParse(one).success);
}

const fault = z.object({
  code: text,
  package: text,
  wanted: text.optional(),
  versions: z.array(text).max(100).optional(),
  tags: z.custom<Readonly<Record<string, string>>>(isTags).optional(),
  requiredBy: text.optional(),
  detail: text.optional(),
});
export type ClaimedFault = z.infer<typeof fault>;

export const resolverAnswer = z.object({
  wanted: z.array(z.object({ registry, name: text })).max(MAX_WANTED),
  packages: z.array(claimedPackage).max(MAX_PACKAGES).optional(),
  fault: fault.optional(),
});
