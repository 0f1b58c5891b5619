/**
 * Entry point: `main.js ADMIN_SOCKET ['{"hosts":{…},"private":[…],"endAfter":60000}']`. Logs JSON lines.
 * With `endAfter` it ends by itself after so many milliseconds without a control plane.
 */
import { setDefaultHighWaterMark } from "node:stream";
import type { DecisionRecord } from "./decision-log.ts";
import { type EgressOptions, startEgress } from "./start.ts";

/** Records of a run that are logged; a sandbox writes none of our disk full. */
const MAX_LOGGED = 400;

/**
 * Has a socket hold one chunk each way that is not taken yet: what waits does so at its sender, whose
 * memory it is. Said for all, as those that are accepted do not take it from their server under Deno.
 */
setDefaultHighWaterMark(false, 1);

/** The longest a timer can wait. */
const MAX_END_AFTER = 2_147_483_647;

interface Options extends Pick<EgressOptions, "hosts" | "private" | "own"> {
  readonly endAfter: number | undefined;
}

function log(entry: object): void {
  console.log(JSON.stringify({ time: new Date().toISOString(), ...entry }));
}

function audit(record: DecisionRecord): void {
  if (record.sequence <= MAX_LOGGED) log(record);
}

function readArguments([adminSocket, json = "{}"]: readonly string[]) {
  if (adminSocket === undefined) throw new Error("Usage: main.js ADMIN_SOCKET [JSON_OPTIONS]");
  return { adminSocket, ...readOptions(json) };
}

function readOptions(json: string): Options {
  const options: unknown = JSON.parse(json);
  if (!isRecord(options)) throw new Error("The options are no JSON object");
  const { hosts = {}, private: privates = [], own = [], endAfter, ...unknown } = options;
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined) throw new Error(`There is no option ${JSON.stringify(stranger)}`);
  if (!isRecord(hosts)) throw new Error("hosts is no object of names and addresses");
  if (!isTexts(privates)) throw new Error("private is no array of host:port");
  if (!isTexts(own)) throw new Error("own is no array of addresses and networks");
  if (endAfter !== undefined && !isMilliseconds(endAfter)) {
    throw new Error("endAfter is no number of milliseconds");
  }
  return { hosts: hosts as Record<string, string>, private: privates, own, endAfter };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}

function isMilliseconds(value: unknown): value is number {
  return typeof value === "number" && value >= 1 && value <= MAX_END_AFTER;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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
