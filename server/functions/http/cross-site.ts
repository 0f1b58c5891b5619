/**
 * Whether a web page that is not of this server has a browser send this request. Where no key is
 * needed, this is all that tells such pages from the machine's own user.
 */
export function isCrossSite(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site !== "same-origin" && site !== "none";
  const origin = request.headers.get("origin");
  return origin !== null && origin !== new URL(request.url).origin;
}
