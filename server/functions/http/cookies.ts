/**
 * Confines a cookie to its function's path: all functions share one host. Cookies with the prefix
 * `__Host-` ask for the whole host, so they become invalid. A code that sees its own root means paths
 * below it.
 */
export function confineCookie(cookie: string, base: string, seesRoot: boolean): string {
  const [pair = "", ...attributes] = cookie.split(";").map((part) => part.trim());
  const isOf = (names: string, text: string): boolean =>
    new RegExp(`^(${names})\\s*(=|$)`, "i").test(text);
  // A host of the function's own has no path of others. Its domain may have.
  if (base === "") return [pair, ...attributes.filter((text) => !isOf("domain", text))].join("; ");
  const kept = attributes.filter((text) => !isOf("domain|path", text));
  const asked = attributes.findLast((text) => /^path\s*=/i.test(text))?.replace(/^[^=]*=\s*/, "");
  return [pair, ...kept, `Path=${confinePath(asked, base, seesRoot)}`].join("; ");
}

function confinePath(asked: string | undefined, base: string, seesRoot: boolean): string {
  if (asked === base || asked?.startsWith(`${base}/`)) return asked;
  return seesRoot && asked?.startsWith("/") && asked !== "/" ? `${base}${asked}` : base;
}
