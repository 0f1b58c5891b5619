/** Entry point: the only file that reads the environment, listens, and traps signals. */

import { inspect } from "node:util";
import { serve } from "@hono/node-server";
import closeWithGrace from "close-with-grace";
import { IsolateError } from "../src/errors.ts";
import { assemble } from "./assemble.ts";
import { readSettings, type Settings } from "./settings.ts";

/** Time beyond the drain for removing what is left. */
const REMOVAL_MS = 20_000;

function log(line: string): void {
  console.error(`${new Date().toISOString()} ${line}`);
}

async function main(settings: Settings): Promise<void> {
  const onError = (error: unknown, requestId: string): void => {
    log(requestId === "" ? describe(error) : `Request ${requestId} failed: ${describe(error)}`);
  };
  const { app, close } = await assemble({ settings, log, onError });
  const server = serve(
    { fetch: app.fetch, port: settings.config.port, hostname: settings.host },
    (to) => log(`Isolate listens on http://${settings.host}:${to.port}`),
  );
  closeWithGrace({ delay: settings.drain + REMOVAL_MS, logger: false }, async ({ signal, err }) => {
    log(err === undefined ? `Shutting down on ${signal}` : `Shutting down: ${describe(err)}`);
    server.close();
    await close(settings.drain);
    log("Everything is removed");
  });
}

function describe(error: unknown): string {
  if (error instanceof IsolateError && error.status === 503) return error.message;
  // With the cause, which is all there is to know about a plugin or a tool.
  return inspect(error);
}

try {
  await main(readSettings(process.env));
} catch (error) {
  log(`Cannot start: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
