/** The parts of a locator, `[domain/path/]name[.type][@version]`. */
export interface LocatorParts {
  readonly domain?: string;
  /** Text between domain and name, including its inner slashes. */
  readonly path?: string;
  readonly name: string;
  readonly type?: string;
  readonly version?: string;
}

/** A parsed locator. */
export interface RXL extends LocatorParts {
  /** Returns the text it was parsed from. */
  toString(): string;
}

/**
 * Splits a locator into its parts. Never throws: bad parts are refused where they would become a
 * path or a request.
 *
 * @example
 * const { domain, path, name, type, version } = parseRXL("x.org/team/hello.text@1.0.0");
 * [domain, path, name, type, version] // ["x.org", "team", "hello", "text", "1.0.0"]
 */
export function parseRXL(text: string): RXL {
  const [rest, version] = splitAt(text, text.indexOf("@"));
  const segments = rest.split("/");
  const [first = ""] = segments;
  const hasDomain = segments.length > 1 && (first === "localhost" || first.includes("."));
  const last = hasDomain ? (segments.at(-1) ?? "") : rest;
  const [name, type] = splitAt(last, last.lastIndexOf("."));
  return new Locator({
    ...(hasDomain && { domain: first }),
    ...(hasDomain && segments.length > 2 && { path: segments.slice(1, -1).join("/") }),
    name,
    ...(type !== undefined && { type }),
    ...(version !== undefined && { version }),
  });
}

class Locator implements RXL {
  declare readonly domain?: string;
  declare readonly path?: string;
  declare readonly name: string;
  declare readonly type?: string;
  declare readonly version?: string;

  constructor(parts: LocatorParts) {
    Object.assign(this, parts);
  }

  toString(): string {
    const { domain, path, name, type, version } = this;
    const place = domain === undefined ? "" : `${domain}/${path === undefined ? "" : `${path}/`}`;
    const kind = type === undefined ? "" : `.${type}`;
    return `${place}${name}${kind}${version === undefined ? "" : `@${version}`}`;
  }
}

function splitAt(text: string, index: number): [string, string | undefined] {
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}
