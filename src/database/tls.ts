import type { ConnectionOptions } from "node:tls";
import type { DatabaseTls } from "./target.ts";

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
