/** Entry point: reads the environment, listens, and traps signals. */

import type { createServer as createHttpServer, Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import closeWithGrace from "close-with-grace";
import type { Logger } from "pino";
import { takeEnvironment } from "../bin/environment.js";
import { messageOf } from "../src/base/errors.ts";
import { databaseFault } from "./database-fault.ts";
import { listenFault } from "./listen-fault.ts";
import { createLogger } from "./log/logger.ts";
import { readSettings, type Settings } from "./settings.ts";
import { openStore } from "./store/open.ts";

/** Milliseconds for removing the rest, in addition to the drain. */
const REMOVAL_MS = 20_000;
/** Milliseconds for sending the last answers. */
const ANSWERS_MS = 1_000;

async function main(settings: Settings, logger: Logger): Promise<void> {
  const { config, host, drain, drainDelay, tracing, pace, keepAlive } = settings;
  // The store's thread opens it while this one loads the rest and starts sandboxes.
  const store = openStore(settings.store, settings);
  store.catch(() => {});
  const [{ serve }, { assemble }, { guardedServer }, { leaveUpgraded }, kept, { httpLimits }] =
    await Promise.all([
      import("@hono/node-server"),
      import("./assemble.ts"),
      import("./http/connections/guarded-server.ts"),
      import("./http/connections/upgrades.ts"),
      import("./http/connections/kept-connections.ts"),
      import("./http/connections/http-limits.ts"),
    ]);
  const stopTracing = tracing && (await import("./http/span-export.ts")).startTracing(tracing);
  const { app, leave, close } = await assemble({ settings, logger, store });
  const serverOptions = httpLimits(pace, keepAlive);
  const listening = { port: config.port, hostname: host, serverOptions };
  const createServer = guardedServer() as typeof createHttpServer;
  const server = serve({ fetch: app.fetch, createServer, ...listening }, (to) =>
    logger.info(`Isolate listens on http://${host}:${to.port}`),
  ) as Server;
  kept.boundConnections(server, settings.maxConnections);
  void databaseFault(config).then(
    (fault) => fault && logger.error(`${fault.message}. ${fault.advice}`),
    (error) => logger.error(messageOf(error)),
  );
  // Node silently drops headers beyond a number, possibly a key or `Host`. Too many are refused
  // instead.
  server.maxHeadersCount = 0;
  const delay = drainDelay + drain + REMOVAL_MS;
  closeWithGrace({ delay, logger: false }, async ({ signal, err }) => {
    const unheard = err && listenFault(err, host, config.port);
    if (err === undefined) logger.info(`Shutting down on ${signal}`);
    else if (unheard !== undefined) logger.fatal(`Cannot start: ${unheard}`);
    else logger.fatal({ err }, "Shutting down on a failure");
    leave();
    kept.leaveKept(server);
    if (err === undefined) await sleep(drainDelay);
    leaveUpgraded(server);
    await kept.closeKept(server);
    // Listens until no execution runs, so that clients get answers and no refused connections.
    await close(drain);
    await Promise.all([closeServer(server), stopTracing?.()]);
    if (unheard === undefined) logger.info("Everything is removed");
  });
}

/** Refuses new connections, and closes those whose answers do not get through in time. */
async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  await Promise.race([closed, sleep(ANSWERS_MS, undefined, { ref: false })]);
  server.closeAllConnections();
}

let logger = createLogger();
try {
  const settings = readSettings(takeEnvironment());
  logger = createLogger(settings.log);
  await main(settings, logger);
} catch (error) {
  logger.fatal(`Cannot start: ${messageOf(error)}`);
  process.exitCode = 1;
}
