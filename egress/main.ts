/** Entry point: `main.js ADMIN_SOCKET ['{"hosts":{…},"private":[…]}']`. Logs JSON lines. */
import type { AuditRecord } from "./ledger.ts";
import { type EgressOptions, startEgress } from "./start.ts";

/** Records of a run that are logged; a sandbox writes none of our disk full. */
const MAX_LOGGED = 400;

type FileOptions = Pick<EgressOptions, "hosts" | "private">;

function log(entry: object): void {
  console.log(JSON.stringify({ time: new Date().toISOString(), ...entry }));
}

function audit(record: AuditRecord): void {
  if (record.sequence <= MAX_LOGGED) log(record);
}

function readArguments([adminSocket, json = "{}"]: readonly string[]): EgressOptions {
  if (adminSocket === undefined) throw new Error("Usage: main.js ADMIN_SOCKET [JSON_OPTIONS]");
  return { adminSocket, audit, onSurvivor: log, ...readOptions(json) };
}

function readOptions(json: string): FileOptions {
  const options: unknown = JSON.parse(json);
  if (!isRecord(options)) throw new Error("The options are no JSON object");
  const { hosts = {}, private: privates = [], ...unknown } = options;
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined) throw new Error(`There is no option ${JSON.stringify(stranger)}`);
  if (!isRecord(hosts)) throw new Error("hosts is no object of names and addresses");
  if (!Array.isArray(privates) || !privates.every((entry) => typeof entry === "string")) {
    throw new Error("private is no array of host:port");
  }
  return { hosts: hosts as Record<string, string>, private: privates };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

try {
  const options = readArguments(process.argv.slice(2));
  const egress = await startEgress(options);
  log({ event: "listening", socket: options.adminSocket });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      log({ event: "stopping", signal });
      void egress.close().finally(() => process.exit(0));
    });
  }
} catch (error) {
  log({ event: "failed", message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}
