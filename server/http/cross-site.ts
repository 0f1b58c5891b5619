/**
 * Tells whether a browser marks the request as coming from another site's page; older browsers send
 * only its origin. Where no key is needed, nothing else distinguishes such pages from the machine's
 * own user.
 */
export function isCrossSite({ headers, url }: Request): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site !== "none" && site !== "same-origin";
  const origin = headers.get("origin");
  if (origin === null) return false;
  return (
    !URL.canParse(origin) || new URL(origin).host !== (headers.get("host") ?? new URL(url).host)
  );
}
