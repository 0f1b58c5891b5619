/** A tenant's key; its id may be told. */
const KEY = /\b(isolate_[0-9a-f]{16}_)[A-Za-z0-9_-]+/g;
const BEARER = /\b(Bearer\s+)[^\s"'\\]+/gi;
/** User and password of a URL. */
const CREDENTIALS = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/"'\\]*@/gi;

const MASK = "***";

/**
 * Makes what takes secrets out of a line: the keys of tenants, whatever follows `Bearer`, passwords in
 * URLs, and the texts given.
 */
export function masker(secrets: readonly string[] = []): (line: string) => string {
  // A line is JSON, where some characters are others.
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
