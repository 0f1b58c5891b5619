import type { Context } from "hono";
import type { Kernel } from "../../src/kernel.ts";

/** `GET /healthz`: 200 as long as the process answers at all. */
export function healthRoute() {
  return (c: Context): Response => c.json({ status: "ok" });
}

/**
 * `GET /readyz`: 200 when the strongest level this host has works: a sandbox is warm, or at work.
 * 503 with the reason otherwise.
 */
export function readyRoute(kernel: Kernel) {
  return function ready(c: Context): Response {
    const engine = kernel.engine("container") ?? kernel.engine("isolated");
    const status = engine?.status();
    const reason = kernel.closing
      ? "The server is shutting down"
      : (status?.reason ?? (status?.warm || status?.leased ? undefined : "No sandbox is warm yet"));
    const pool = status && {
      warm: status.warm,
      starting: status.starting,
      leased: status.leased,
      kept: status.kept,
    };
    if (reason === undefined) return c.json({ status: "ready", level: engine?.level, pool });
    return c.json({ status: "unready", level: engine?.level, reason, pool }, 503);
  };
}
