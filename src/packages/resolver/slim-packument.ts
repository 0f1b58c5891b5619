import { PackumentError } from "./packument-error.ts";

/** Fields of a version that npm's libraries need to choose it and what it needs. */
const KEPT = [
  "dependencies",
  "optionalDependencies",
  "peerDependencies",
  "peerDependenciesMeta",
  "engines",
  "os",
  "cpu",
  "libc",
  "deprecated",
  "license",
];
const NEEDS = ["dependencies", "optionalDependencies", "peerDependencies"];
/** Protocols of other package managers, for which npm's library would name no package. */
const OTHER_PROTOCOL = /^(?:catalog|link|patch|portal|workspace):/;
/** Fields about its tarball. */
const DIST = ["tarball", "integrity", "shasum", "unpackedSize"];
/** Programs that an installation runs to get or to build native code. */
const NATIVE_INSTALL = /node-gyp|node-pre-gyp|prebuild|cmake-js|napi|neon/;

type Fields = Record<string, unknown>;

/**
 * Parses the document of a package and keeps a small part, because documents have megabytes. Name and version are
 * those that were asked for, whatever the document says. A package's own lock and bundled packages are ignored:
 * everything comes from the registry, and is in the lock.
 */
export function slimPackument(name: string, text: string): Fields {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new PackumentError("EMALFORMED", name);
  }
  if (!isFields(document) || !isFields(document.versions))
    throw new PackumentError("EMALFORMED", name);
  const versions = Object.entries(document.versions).filter(([, fields]) => isFields(fields));
  return {
    name,
    "dist-tags": strings(document["dist-tags"]),
    ...(isFields(document.time) && { time: strings(document.time) }),
    versions: Object.fromEntries(
      versions.map(([version, fields]) => [version, slimVersion(name, version, fields as Fields)]),
    ),
  };
}

function slimVersion(name: string, version: string, fields: Fields): Fields {
  const kept = picked(fields, KEPT);
  for (const key of NEEDS) if (isFields(kept[key])) kept[key] = namedSpecs(kept[key]);
  if (isFields(fields.dist)) kept.dist = picked(fields.dist, DIST);
  // Such variants of packages are for us, whatever this host is.
  if (Array.isArray(kept.cpu) && kept.cpu.includes("wasm32")) {
    delete kept.cpu;
    delete kept.os;
    delete kept.libc;
  }
  // Lets npm's library leave it out where it is optional, and refuse it elsewhere.
  if (isNative(fields)) kept.cpu = ["native-code"];
  return { ...kept, name, version };
}

/** Tells whether a package says that it has native code. Its files may tell later. */
function isNative({ gypfile, scripts }: Fields): boolean {
  if (gypfile === true) return true;
  const { preinstall, install, postinstall } = isFields(scripts) ? scripts : {};
  return [preinstall, install, postinstall].some(
    (script) => typeof script === "string" && NATIVE_INSTALL.test(script),
  );
}

/** Makes files of versions in other protocols, which are refused with the package's name. */
function namedSpecs(specs: Fields): Fields {
  const named = Object.entries(specs).map(([name, spec]) => {
    return [name, OTHER_PROTOCOL.test(String(spec)) ? `file:./${spec}` : spec];
  });
  return Object.fromEntries(named);
}

function picked(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(fields, name)).map((name) => [name, fields[name]]),
  );
}

function strings(value: unknown): Record<string, string> {
  const entries = isFields(value) ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
