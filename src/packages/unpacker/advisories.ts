import { satisfies } from "semver";

/** Versions of a lock by name. */
export type AdvisoryQuestion = Readonly<Record<string, readonly string[]>>;

/** A known vulnerability, as the process answers it. */
export interface MatchingAdvisory {
  readonly name: string;
  readonly version: string;
  readonly severity: string;
  readonly title: string;
  readonly url: string;
  readonly range: string;
}

const MOST = 200;
const MAX_TEXT = 1_000;

/** Picks the advisories that are about a version in the lock. Parts that are malformed are left out. */
export function matchingAdvisories(
  versions: AdvisoryQuestion,
  answer: Uint8Array,
): readonly MatchingAdvisory[] {
  const found: MatchingAdvisory[] = [];
  for (const [name, list] of Object.entries(parsed(answer))) {
    const own = Object.hasOwn(versions, name) ? (versions[name] ?? []) : [];
    for (const advisory of Array.isArray(list) ? list : []) {
      const { severity, title, url, vulnerable_versions: range } = (advisory ?? {}) as Fields;
      if (typeof range !== "string" || range.length > MAX_TEXT) continue;
      for (const version of own) {
        if (found.length === MOST) return found;
        if (!satisfies(version, range, { includePrerelease: true })) continue;
        const texts = { severity: text(severity), title: text(title), url: text(url) };
        found.push({ name, version, ...texts, range });
      }
    }
  }
  return found;
}

type Fields = Record<string, unknown>;

function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, MAX_TEXT) : "";
}

function parsed(bytes: Uint8Array): object {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
