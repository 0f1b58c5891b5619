import { isByName } from "./by-name.ts";
import { readSent } from "./definition.ts";
import { formatRXI, LATEST } from "./identifier.ts";
import { createRXM, type ManifestFields, type RXM } from "./manifest.ts";
import { identifierOf, type StorableRXL, storableOf } from "./storable.ts";

/** A manifest that a registry has answered with. */
export interface Received {
  readonly manifest: RXM;
  readonly locator: StorableRXL;
  /** Digest of the archive, if the registry tells it. */
  readonly digest?: string | undefined;
}

/** Form in which a registry is asked, and answers. */
export interface Spelling {
  /** Returns the URL of one of a registry's documents. */
  url(endpoint: URL, route: "resource" | "content", text: string): URL;
  text(locator: StorableRXL): string;
  /** Reads a manifest. Throws for anything else. */
  read(json: unknown, asked: StorableRXL): Received;
}

/** `GET /resource?locator=name.type@version`, answered with domain, name, type and version. */
const TYPED: Spelling = {
  url(endpoint, route, text) {
    const url = below(endpoint, route);
    url.search = new URLSearchParams({ locator: text }).toString();
    return url;
  },
  text: ({ domain, path, name, type, version }) => {
    const kind = type === undefined ? "" : `.${type}`;
    const place = `${domain}/${path === undefined ? "" : `${path}/`}`;
    return `${place}${name}${kind}${version === undefined ? "" : `@${version}`}`;
  },
  read: (json) => received(json as ManifestFields),
};

/** `GET /resource/name:tag`, answered with registry, name, type and tag. */
const TAGGED: Spelling = {
  url: (endpoint, route, text) => below(endpoint, `${route}/${encodeURIComponent(text)}`),
  text: (locator) => {
    const { digest: _unasked, ...identifier } = identifierOf(locator);
    return formatRXI(identifier);
  },
  read: (json, { domain }) => {
    const { fields, digest } = readSent(json);
    // Such a registry stores resources without its own name, which only its readers know.
    return { ...received({ domain, version: LATEST, ...fields } as ManifestFields), digest };
  },
};

/**
 * Returns the forms in which to ask for a resource, its own form first. A name with a dot and
 * without a type cannot be said in the other form.
 */
export function spellingsFor(locator: StorableRXL): readonly Spelling[] {
  if (!isByName(locator)) return [TYPED, TAGGED];
  return locator.name.includes(".") ? [TAGGED] : [TAGGED, TYPED];
}

function received(fields: ManifestFields): Received {
  const manifest = createRXM(fields);
  return { manifest, locator: storableOf(manifest) };
}

function below(endpoint: URL, route: string): URL {
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/${route}`;
  url.search = "";
  return url;
}
