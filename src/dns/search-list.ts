/** Rules of resolv.conf(5) for names that may be incomplete. */
export interface SearchList {
  readonly domains: readonly string[];
  /** Dots from which a name is first looked up as written. */
  readonly ndots: number;
}

const MAX_DOMAINS = 6;
const MAX_NDOTS = 15;
const MAX_NAME = 253;

/** Parses `search`, `domain` and `options ndots:n` of a resolv.conf. The last of each counts. */
export function parseSearchList(text: string): SearchList {
  let domains: readonly string[] = [];
  let ndots = 1;
  for (const line of text.split("\n")) {
    const [keyword, ...words] = line.trim().split(/\s+/);
    if (keyword === "search") domains = words.slice(0, MAX_DOMAINS);
    if (keyword === "domain") domains = words.slice(0, 1);
    const option = keyword === "options" && words.findLast((word) => /^ndots:\d{1,3}$/.test(word));
    if (option) ndots = Math.min(Number(option.slice("ndots:".length)), MAX_NDOTS);
  }
  return { domains: domains.map(withoutDot).filter((domain) => domain !== ""), ndots };
}

/**
 * Lists the complete names to look up, in this order until one has an address. Each ends with a
 * dot.
 *
 * @example
 * candidates("api", { domains: ["corp.example"], ndots: 1 }) // ["api.corp.example.", "api."]
 */
export function candidates(name: string, { domains, ndots }: SearchList): string[] {
  const found = domains.map((domain) => `${name}.${domain}`);
  const dots = name.split(".").length - 1;
  const all = dots >= ndots ? [name, ...found] : [...found, name];
  return all.filter((candidate) => candidate.length <= MAX_NAME).map((text) => `${text}.`);
}

function withoutDot(domain: string): string {
  return domain.replace(/\.$/, "");
}
