import { z } from "zod";
import { ownUrl } from "../../http/own-url.ts";
import { type Route, route } from "../../http/route.ts";
import { REGISTRY_BASE } from "./registry-route.ts";

/** `GET /.well-known/resourcex`: the addresses of this server's registries. */
export function wellKnownRoutes(publicUrl: string | undefined): Route[] {
  return [
    route({
      method: "GET",
      path: "/.well-known/resourcex",
      scope: "tenant",
      needs: ["read", "execute", "deploy"],
      summary: "Where the registries of this server are",
      operationId: "getRegistries",
      tags: ["Registry"],
      responses: {
        200: { description: "Their URLs", schema: z.object({ registries: z.array(z.string()) }) },
      },
      handler: ({ c }) => {
        const base = publicUrl ?? ownUrl(c);
        return c.json({ registries: [new URL(REGISTRY_BASE, base).href] });
      },
    }),
  ];
}
