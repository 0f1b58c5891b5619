/** A tenant's key. Its id may be logged. */
const KEY = /\b(isolate_(?:[0-9a-f]{2})?[0-9a-f]{16}_)[A-Za-z0-9_-]+/g;
const BEARER = /\b(Bearer\s+)[^\s"'\\]+/gi;
/** User and password of a URL. */
const CREDENTIALS = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/"'\\]*@/gi;

const MASK = "***";

/**
 * Makes a function that masks secrets in a line. These are keys of tenants, the word after
 * `Bearer`, passwords in URLs, and the given texts.
 */
export function masker(secrets: readonly string[] = []): (line: string) => string {
  // A line is JSON, in which some characters are escaped.
  const known = secrets.map((secret) => JSON.stringify(secret).slice(1, -1));
  return (line) => {
    let masked = line;
    for (const secret of known) masked = masked.replaceAll(secret, MASK);
    return masked
      .replace(KEY, `$1${MASK}`)
      .replace(BEARER, `$1${MASK}`)
      .replace(CREDENTIALS, `$1${MASK}@`);
  };
}
