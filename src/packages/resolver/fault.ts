/** Reason that a resolution failed, in parts that the control plane puts into words. */
export interface ResolverFault {
  readonly code: string;
  readonly package: string;
  /** Version, range or tag that was asked for. */
  readonly wanted?: string | undefined;
  /** Versions that there are, the latest first and pre-releases last. */
  readonly versions?: readonly string[] | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Package that needs it. Absent for the request itself. */
  readonly requiredBy?: string | undefined;
  readonly detail?: string | undefined;
}

const MAX_VERSIONS = 20;
const MAX_DETAIL = 400;
/** Version that is no pre-release. */
const STABLE = /^\d+\.\d+\.\d+(?:\+|$)/;

/** Depth at which explanations are left unread. */
const MAX_DEPTH = 8;

/** A dependency as npm's library explains it. */
interface Explained {
  readonly type?: unknown;
  readonly name?: unknown;
  readonly spec?: unknown;
  readonly from?: { readonly name?: unknown; readonly version?: unknown };
}

interface NpmError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly name?: unknown;
  readonly package?: unknown;
  readonly pkgid?: unknown;
  readonly wanted?: unknown;
  readonly versions?: unknown;
  readonly distTags?: unknown;
  readonly requiredBy?: unknown;
  readonly current?: { readonly name?: unknown };
  readonly edge?: { readonly name?: unknown; readonly spec?: unknown };
}

/** Reads an error of npm's libraries. */
export function resolverFault(thrown: unknown): ResolverFault {
  const error = (thrown ?? {}) as NpmError;
  const versions = Array.isArray(error.versions) ? error.versions.map(String) : [];
  const code = error.code ?? "EUNKNOWN";
  return {
    code: String(code),
    package: cut(nameOf(error)),
    wanted: textOf(error.wanted ?? error.edge?.spec),
    ...(versions.length > 0 && { versions: latestOf(versions) }),
    tags: tagsOf(error.distTags),
    requiredBy: requirer(error.requiredBy),
    detail: code === "ERESOLVE" ? cut(peersIn(error)) : textOf(error.message),
  };
}

function latestOf(versions: readonly string[]): string[] {
  const latest = versions.toReversed();
  const early = latest.filter((each) => !STABLE.test(each));
  return [...latest.filter((each) => STABLE.test(each)), ...early].slice(0, MAX_VERSIONS).map(cut);
}

function nameOf(error: NpmError): string {
  const { name, package: named, pkgid, current, edge } = error;
  const own = Object.hasOwn(error, "name") ? name : undefined;
  return String(named ?? pkgid ?? edge?.name ?? current?.name ?? own ?? "");
}

function requirer(location: unknown): string | undefined {
  if (typeof location !== "string" || location === "." || location === "") return undefined;
  return cut(location.slice(location.lastIndexOf("node_modules/") + "node_modules/".length));
}

/** Tells of the peer dependencies in an explanation of npm's library. */
function peersIn(error: object): string {
  const found = new Set<string>();
  const visit = (value: unknown, depth: number): void => {
    if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return;
    const { type, name, spec, from } = value as Explained;
    if (String(type).startsWith("peer") && from?.name !== undefined) {
      found.add(`${from.name}@${from.version} wants ${name}@${spec}`);
    }
    for (const inner of Object.values(value)) visit(inner, depth + 1);
  };
  visit({ ...error }, 0);
  return [...found].join(", ");
}

function tagsOf(tags: unknown): Record<string, string> | undefined {
  if (typeof tags !== "object" || tags === null) return undefined;
  const entries = Object.entries(tags).slice(0, MAX_VERSIONS);
  return Object.fromEntries(entries.map(([tag, version]) => [cut(tag), cut(String(version))]));
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? cut(value) : undefined;
}

function cut(text: string): string {
  return text.slice(0, MAX_DETAIL);
}
