import { z } from "zod";
import { shownNode } from "../../../src/contract/nodes.ts";
import type { NodeRegistry } from "../../cluster/node-registry.ts";
import { type Route, route } from "../../http/route.ts";

/** Makes the operator's route for the servers that share a store. */
export function nodeRoutes(nodes: Pick<NodeRegistry, "list">): Route[] {
  return [
    route({
      method: "GET",
      path: "/admin/nodes",
      scope: "admin",
      tags: ["Administration"],
      summary: "The servers that share the store",
      responses: {
        200: { description: "All of them, by id", schema: z.object({ nodes: z.array(shownNode) }) },
      },
      handler: async ({ c }) => c.json({ nodes: await nodes.list() }),
    }),
  ];
}
