/**
 * Confines a cookie to its function's path: all functions share one host. Cookies with the prefix
 * `__Host-` ask for the whole host, so they become invalid.
 */
export function confineCookie(cookie: string, base: string): string {
  const [pair = "", ...attributes] = cookie.split(";").map((part) => part.trim());
  const kept = attributes.filter((text) => !/^(domain|path)\s*(=|$)/i.test(text));
  const asked = attributes.findLast((text) => /^path\s*=/i.test(text))?.replace(/^[^=]*=\s*/, "");
  const isWithin = asked !== undefined && (asked === base || asked.startsWith(`${base}/`));
  return [pair, ...kept, `Path=${isWithin ? asked : base}`].join("; ");
}
