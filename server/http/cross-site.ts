/**
 * Tells whether a browser marks the request as coming from another site's page; older browsers send
 * only its origin. Where no key is needed, nothing else distinguishes such pages from the machine's
 * own user. Pages of the listed origins may send what they like.
 */
export function isCrossSite(
  { headers, url }: Request,
  allowed: readonly string[] | undefined = [],
): boolean {
  if (allowed.includes("*") || allowed.includes(headers.get("origin") ?? "")) return false;
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site !== "none" && site !== "same-origin";
  const origin = headers.get("origin");
  if (origin === null) return false;
  return (
    !URL.canParse(origin) || new URL(origin).host !== (headers.get("host") ?? new URL(url).host)
  );
}
