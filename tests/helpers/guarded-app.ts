import type { createServer, Server } from "node:http";
import { serve } from "@hono/node-server";
import type { buildApp } from "../../server/app.ts";
import { guardedServer } from "../../server/http/connections/guarded-server.ts";

/**
 * Serves an application as `main.ts` does, on a free port of the loopback. Resolves once it
 * listens.
 */
export async function listenGuarded({ fetch }: ReturnType<typeof buildApp>): Promise<Server> {
  const server = serve({
    fetch: fetch as (request: Request) => Response,
    createServer: guardedServer() as typeof createServer,
    port: 0,
    hostname: "127.0.0.1",
  }) as Server;
  await new Promise((resolve) => server.once("listening", resolve));
  return server;
}
