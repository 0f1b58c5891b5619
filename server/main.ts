/** Entry point: reads the environment, listens, and traps signals. */

import { serve } from "@hono/node-server";
import closeWithGrace from "close-with-grace";
import type { Logger } from "pino";
import { messageOf } from "../src/errors.ts";
import { assemble } from "./assemble.ts";
import { createLogger } from "./log/logger.ts";
import { readSettings, type Settings } from "./settings.ts";

/** Time beyond the drain for removing what is left. */
const REMOVAL_MS = 20_000;

async function main(settings: Settings, logger: Logger): Promise<void> {
  const { app, close } = await assemble({ settings, logger });
  const server = serve(
    { fetch: app.fetch, port: settings.config.port, hostname: settings.host },
    (to) => logger.info(`Isolate listens on http://${settings.host}:${to.port}`),
  );
  closeWithGrace({ delay: settings.drain + REMOVAL_MS, logger: false }, async ({ signal, err }) => {
    if (err === undefined) logger.info(`Shutting down on ${signal}`);
    else logger.fatal({ err }, "Shutting down on a failure");
    server.close();
    await close(settings.drain);
    logger.info("Everything is removed");
  });
}

let logger = createLogger();
try {
  const settings = readSettings(process.env);
  logger = createLogger(settings.log);
  await main(settings, logger);
} catch (error) {
  logger.fatal(`Cannot start: ${messageOf(error)}`);
  process.exitCode = 1;
}
