import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import type { DatabaseTls } from "../protocol/database-target.ts";

export function tlsOptions(tls: DatabaseTls | undefined): false | ConnectionOptions {
  if (tls === undefined) return false;
  const { mode, ca, cert, key } = tls;
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...((mode === "prefer" || mode === "require") && { rejectUnauthorized: false }),
    ...(mode === "verify-ca" && { checkServerIdentity: () => undefined }),
  };
}

/**
 * Makes the TLS options for a server that is dialled at an address. Its certificate must have its
 * name.
 */
export function tlsTo(name: string, tls: DatabaseTls | undefined): false | ConnectionOptions {
  const options = tlsOptions(tls);
  if (options === false) return false;
  return { ...options, host: name, ...(isIP(name) === 0 && { servername: name }) };
}
