import type { Context } from "hono";
import { REGISTRY_BASE } from "./routes.ts";

/** `GET /.well-known/resourcex`: where the registries of this server are. */
export function wellKnownRoute(publicUrl: string | undefined) {
  return function wellKnown(c: Context): Response {
    return c.json({ registries: [new URL(REGISTRY_BASE, publicUrl ?? c.req.url).href] });
  };
}
