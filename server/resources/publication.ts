import { messageOf } from "../../src/base/errors.ts";
import { ManifestError } from "../../src/resourcex/base/resourcex-errors.ts";
import { assertOneForm, readSent } from "../../src/resourcex/data/definition.ts";
import { formatRXI, LATEST, parseRXI, splitAt } from "../../src/resourcex/data/identifier.ts";
import { createRXM, type ManifestFields, type RXM } from "../../src/resourcex/data/manifest.ts";
import {
  identifierOf,
  LOCAL_DOMAIN,
  storableOf,
  storableOfRXI,
} from "../../src/resourcex/data/storable.ts";
import { type RegistryCode, RegistryProblem } from "../errors/registry-problem.ts";
import type { Form, FormPart } from "./form-parser.ts";

const MAX_MANIFEST = 65_536;

/** A form's resource, before its archive is unpacked. */
export interface Publication {
  readonly manifest: RXM;
  readonly archive: Buffer;
  /** Locator for the answer, in the form of the request. */
  readonly locator: string;
  /** Digests that the archive must have. */
  readonly digests: readonly string[];
  /** True if the resource has a tag, which no other type of its name may have. */
  readonly isTagged: boolean;
}

/**
 * Reads a form of one of two kinds: `manifest` and `archive`, or `locator`, `manifest` and
 * `content`.
 *
 * @throws {RegistryProblem} For a part that is missing or malformed, and for a form of both kinds.
 * @throws {LocatorError} For a bad locator.
 */
export function publicationOf(form: Form): Publication {
  if (form.has("archive") && form.has("content")) throw twoForms("INVALID_ARCHIVE", "content");
  // A locator that nobody reads might have a digest that nobody checks.
  if (form.has("archive") && form.has("locator")) throw twoForms("INVALID_LOCATOR", "locator");
  const isTagged = form.has("content") || form.has("locator");
  return isTagged ? tagged(form) : typed(form);
}

function typed(form: Form): Publication {
  const fields = Object(fieldsOf(form.get("manifest")));
  const manifest = inForm(() => {
    assertOneForm(fields);
    return createRXM(fields);
  });
  const locator = String(storableOf(manifest));
  const archive = bytesOf(form.get("archive"), "archive", "ARCHIVE_REQUIRED");
  return { manifest, archive, locator, digests: [], isTagged: false };
}

function tagged(form: Form): Publication {
  const text = form.get("locator");
  if (typeof text !== "string" || text === "") {
    throw new RegistryProblem("LOCATOR_REQUIRED", "locator is required");
  }
  const identifier = parseRXI(text);
  const asked = storableOfRXI(identifier, text);
  const json = fieldsOf(form.get("manifest"));
  const { manifest, digest } = inForm(() => {
    const { fields, digest: told } = readSent(json);
    const { registry: domain, path, name, tag } = identifier;
    // The tag may be implied, as no registry is.
    const version = tag === LATEST && !saysLatest(text) ? undefined : tag;
    const given = { domain, path, name, version };
    const merged = { domain: LOCAL_DOMAIN, version: LATEST, ...agreed(fields, given) };
    return { manifest: createRXM(merged as ManifestFields), digest: told };
  });
  storableOf(manifest);
  const archive = bytesOf(form.get("content"), "content", "CONTENT_REQUIRED");
  const digests = [asked.digest, digest].filter((one) => one !== undefined);
  const locator = formatRXI(identifierOf(manifest));
  return { manifest, archive, locator, digests, isTagged: true };
}

/** Tests whether a locator has the tag `latest`, which a locator without a tag has as well. */
function saysLatest(text: string): boolean {
  return splitAt(text, text.indexOf("@"))[0].endsWith(`:${LATEST}`);
}

/** Merges the fields of a manifest and of its locator. Refuses two values of one field. */
function agreed(
  fields: Partial<ManifestFields>,
  given: { readonly [K in keyof ManifestFields]?: string | undefined },
): Partial<ManifestFields> {
  const merged: Record<string, string> = { ...fields };
  for (const [field, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const other = merged[field] ?? value;
    if (other !== value) {
      const named = { domain: "registry", version: "tag" }[field] ?? field;
      throw new ManifestError(`${named} is "${other}" in the manifest, "${value}" in the locator`);
    }
    merged[field] = value;
  }
  return merged;
}

function fieldsOf(part: FormPart | undefined): unknown {
  if (part === undefined) throw new RegistryProblem("MANIFEST_REQUIRED", "manifest is required");
  const text = typeof part === "string" ? part : Buffer.from(part).toString();
  // Checked before parsing: megabytes of brackets would block the server for seconds.
  if (text.length > MAX_MANIFEST) {
    throw new RegistryProblem(
      "INVALID_MANIFEST",
      `manifest has more than ${MAX_MANIFEST} characters`,
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RegistryProblem("INVALID_MANIFEST", `manifest is not JSON: ${messageOf(error)}`);
  }
}

function twoForms(code: RegistryCode, part: string): RegistryProblem {
  return new RegistryProblem(code, `'archive' and '${part}' are of two forms: leave one out`);
}

function inForm<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const message = messageOf(error);
    const isMissing = message.endsWith(" is required");
    throw new RegistryProblem(isMissing ? "MISSING_REQUIRED_FIELDS" : "INVALID_MANIFEST", message);
  }
}

function bytesOf(
  part: FormPart | undefined,
  name: string,
  code: "ARCHIVE_REQUIRED" | "CONTENT_REQUIRED",
): Buffer {
  if (part === undefined) throw new RegistryProblem(code, `${name} is required`);
  if (typeof part === "string") {
    throw new RegistryProblem("INVALID_ARCHIVE", `${name} is a text, not a file`);
  }
  return Buffer.from(part.buffer, part.byteOffset, part.byteLength);
}
