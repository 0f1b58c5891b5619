/**
 * Entry point: `main.js ADMIN_SOCKET ['{"hosts":{…},"private":[…],"endAfter":60000}']`. Logs JSON lines.
 * With `endAfter` it ends by itself after so many milliseconds without a control plane.
 */
import { setDefaultHighWaterMark } from "node:stream";
import type { DecisionRecord } from "./decision-log.ts";
import { readArguments } from "./options.ts";
import { startEgress } from "./start.ts";

/** Records of a run that are logged; a sandbox writes none of our disk full. */
const MAX_LOGGED = 400;

/**
 * Has a socket hold one chunk each way that is not taken yet: what waits does so at its sender, whose
 * memory it is. Said for all, as those that are accepted do not take it from their server under Deno.
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
    void egress.close().finally(() => process.exit(0));
  };
  const alone = endAfter && { after: endAfter, onAlone: () => end({ reason: "no control plane" }) };
  const egress = await startEgress({ ...options, audit, onSurvivor: log, ...(alone && { alone }) });
  log({ event: "listening", socket: options.adminSocket });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => end({ signal }));
} catch (error) {
  log({ event: "failed", message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}
