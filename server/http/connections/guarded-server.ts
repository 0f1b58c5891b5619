import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { closeIdle } from "./idle-connections.ts";
import { keepConnections } from "./kept-connections.ts";
import { inPipelines } from "./pipelines.ts";
import { endStalled, type StallLimits } from "./stalled-clients.ts";
import { passUpgrades } from "./upgrades.ts";

/**
 * Makes servers that limit the requests of one connection at once, and the time that it leaves
 * answers unread.
 */
export function guardedServer(limits?: StallLimits) {
  return function createGuarded(options: ServerOptions, listener: RequestListener): Server {
    const pipelines = inPipelines(listener);
    const server = createServer(options, pipelines.listener);
    keepConnections(server, pipelines);
    closeIdle(server);
    endStalled(server, limits);
    passUpgrades(server);
    return server;
  };
}
