import { z } from "zod";
import { ManifestError } from "../base/resourcex-errors.ts";
import { isDigest, LATEST } from "./identifier.ts";
import { createRXM, type ManifestFields, type RXM } from "./manifest.ts";
import { LOCAL_DOMAIN } from "./storable.ts";

const text = (most: number) => z.string().max(most).optional();

/** Fields of a definition of today. Those about people are checked and not kept. */
const definition = z.strictObject({
  name: z.string().min(1).max(128),
  type: z.string().min(1).max(64),
  tag: z.string().min(1).max(64).optional(),
  registry: z.string().min(1).max(256).optional(),
  path: text(256),
  description: text(1_024),
  author: text(128),
  license: text(64),
  keywords: z.array(z.string().max(64)).max(20).optional(),
  repository: text(256),
});

/** Fields of the one form, and those of the other that cannot stand beside them. */
const MIXTURES = [
  ["version", "tag"],
  ["version", "registry"],
  ["domain", "tag"],
] as const;

/** Tests whether fields are a manifest of today: it has no version, and perhaps a tag. */
export function isTagged(given: Readonly<Record<string, unknown>>): boolean {
  return !("version" in given);
}

/**
 * Refuses fields that belong to both forms.
 *
 * @throws {ManifestError} That names them.
 */
export function assertOneForm(given: Readonly<Record<string, unknown>>): void {
  for (const [one, other] of MIXTURES) {
    if (given[one] === undefined || given[other] === undefined) continue;
    throw new ManifestError(`'${one}' and '${other}' are of two forms: leave one out`);
  }
}

/**
 * Reads a definition: a `resource.json` of today.
 *
 * @throws {ManifestError} That names the field.
 */
export function readDefinition(given: unknown): RXM {
  const { registry = LOCAL_DOMAIN, path, name, type, tag = LATEST } = checked(given);
  return createRXM({ domain: registry, ...(path && { path }), name, type, version: tag });
}

/** A manifest of today as registries send it. Fields that its sender knows otherwise may be absent. */
export interface SentManifest {
  readonly fields: Partial<ManifestFields>;
  /** Digest of the archive, by its sender. */
  readonly digest?: string;
}

/**
 * Reads a manifest of today as registries send it: the definition's fields, flat or as its
 * `definition`. Drops unknown fields, as those of other senders may have more.
 *
 * @throws {ManifestError} That names the field.
 */
export function readSent(given: unknown): SentManifest {
  const sent = present(given);
  const isNested = typeof sent.definition === "object";
  const fields = isNested ? present(sent.definition) : sent;
  for (const field of ["version", "domain"]) {
    if (!(field in fields)) continue;
    throw new ManifestError(`'${field}' is of the other form: say 'tag' and 'registry'`);
  }
  const known = Object.fromEntries(
    Object.keys(definition.shape).flatMap((key) => (key in fields ? [[key, fields[key]]] : [])),
  );
  const { registry, path, name, type, tag } = checked(known, definition.partial());
  const digest = isNested ? present(sent.archive).digest : sent.digest;
  if (digest !== undefined && !isDigest(digest)) {
    throw new ManifestError("digest is not sha256:<64 hex digits>");
  }
  return {
    fields: {
      ...(registry !== undefined && { domain: registry }),
      ...(path && { path }),
      ...(name !== undefined && { name }),
      ...(type !== undefined && { type }),
      ...(tag !== undefined && { version: tag }),
    },
    ...(digest !== undefined && { digest }),
  };
}

/** Makes the manifest of today that registries send. */
export function sentManifest(manifest: RXM, digest: string): object {
  const { domain, path, name, type, version } = manifest;
  const registry = domain === LOCAL_DOMAIN ? undefined : domain;
  return { registry, path, name, type, tag: version, digest };
}

/** Returns an object's fields without those that are null, which some registries send. */
function present(given: unknown): Record<string, unknown> {
  const fields = Object.entries(Object(given)).filter(([, value]) => value !== null);
  return Object.fromEntries(fields);
}

function checked(given: unknown): z.infer<typeof definition>;
function checked(
  given: unknown,
  schema: ReturnType<typeof definition.partial>,
): Partial<z.infer<typeof definition>>;
function checked(given: unknown, schema: z.ZodType = definition): unknown {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join(".") ?? "";
  throw new ManifestError(field === "" ? `${issue?.message}` : `${field}: ${issue?.message}`);
}
