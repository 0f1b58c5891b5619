/**
 * Entry point: `main.js ADMIN_SOCKET ['{"hosts":{…},"private":[…],"endAfter":60000}']`. Logs JSON
 * lines. With `endAfter` it exits after that many milliseconds without a control plane.
 */
import { setDefaultHighWaterMark } from "node:stream";
import type { DecisionRecord } from "./decision-log.ts";
import { readArguments } from "./options.ts";
import { startEgress } from "./start.ts";

/** Most records of a run that are logged, so that no sandbox can fill the disk. */
const MAX_LOGGED = 400;

/**
 * Limits each socket to one buffered chunk each way, so that waiting bytes use the sender's memory.
 * A global default, because accepted sockets do not inherit their server's under Deno.
 */
setDefaultHighWaterMark(false, 1);

function log(entry: object): void {
  console.log(JSON.stringify({ time: new Date().toISOString(), ...entry }));
}

function audit(record: DecisionRecord): void {
  if (record.sequence <= MAX_LOGGED) log(record);
}

try {
  const { endAfter, ...options } = readArguments(process.argv.slice(2));
  const end = (reason: object): void => {
    log({ event: "stopping", ...reason });
    void started.then((egress) => egress.close()).finally(() => process.exit(0));
  };
  const idle = endAfter && { after: endAfter, onIdle: () => end({ reason: "no control plane" }) };
  // A short time without a control plane may be over before the start is.
  const started = startEgress({ ...options, audit, onSurvivor: log, ...(idle && { idle }) });
  await started;
  log({ event: "listening", socket: options.adminSocket });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => end({ signal }));
} catch (error) {
  log({ event: "failed", message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}
