/**
 * Has a cookie be sent to its function alone: all functions are on one host, and the cookies of one are
 * nobody else's. Cookies that ask for the whole host by their name (`__Host-`) are none then.
 */
export function confineCookie(cookie: string, base: string): string {
  const [pair = "", ...attributes] = cookie.split(";").map((part) => part.trim());
  const kept = attributes.filter((text) => !/^(domain|path)\s*(=|$)/i.test(text));
  const asked = attributes.findLast((text) => /^path\s*=/i.test(text))?.replace(/^[^=]*=\s*/, "");
  const isWithin = asked !== undefined && (asked === base || asked.startsWith(`${base}/`));
  return [pair, ...kept, `Path=${isWithin ? asked : base}`].join("; ");
}
