import { basename, isAbsolute, normalize } from "node:path";
import { DATABASE_SOCKET } from "../src/protocol/database.ts";
import {
  type AdminRequest,
  type DatabaseAccess,
  EGRESS_SOCKET,
  type EgressAccess,
  MAX_CA,
  type OpenRequest,
} from "../src/protocol/egress-admin.ts";
import { MAX_EGRESS_REQUESTS } from "../src/protocol/egress-limits.ts";
import { bindingsOf } from "./admin-bindings.ts";
import { AdminRequestError } from "./admin-request-error.ts";

const MAX_ENTRIES = 256;
const MAX_TEXT = 300;
/** Most bytes of a socket's path. `sun_path` holds 108, and the last of them is zero. */
const MAX_SOCKET_PATH = 107;

/**
 * Reads one line of the admin connection.
 *
 * @throws {AdminRequestError} For anything but a valid request.
 */
export function parseAdminRequest(line: string): AdminRequest {
  const request = parseObject(line);
  const id = request.id;
  if (typeof id !== "number" || !Number.isSafeInteger(id)) {
    throw new AdminRequestError("id is not an integer");
  }
  try {
    if (request.op === "close") return { id, op: "close", run: text(request.run, "run") };
    if (request.op === "open") return { id, op: "open", ...readOpen(request) };
    if (request.op === "configure") return { id, op: "configure", ...readSettings(request) };
    throw new AdminRequestError("op is not open, close or configure");
  } catch (error) {
    throw new AdminRequestError(error instanceof Error ? error.message : String(error), id);
  }
}

function parseObject(line: string): Record<string, unknown> {
  try {
    return object(JSON.parse(line), "the line");
  } catch {
    throw new AdminRequestError("The line is not a JSON object");
  }
}

function readOpen(request: Record<string, unknown>): Omit<OpenRequest, "id" | "op"> {
  const { egress, database } = request;
  return {
    run: text(request.run, "run"),
    tenant: text(request.tenant, "tenant"),
    ...(egress !== undefined && { egress: readEgress(object(egress, "egress")) }),
    ...(database !== undefined && { database: readDatabase(object(database, "database")) }),
  };
}

/** Reads settings. Their entries are checked where they are used. */
function readSettings(request: Record<string, unknown>) {
  const { hosts, private: privates, own = [], ca } = request;
  return {
    hosts: object(hosts, "hosts") as Record<string, string>,
    private: entries(privates, "private"),
    own: entries(own, "own"),
    ...(ca !== undefined && { ca: certificates(ca) }),
  };
}

function readEgress(egress: Record<string, unknown>): EgressAccess {
  const policy = object(egress.policy, "policy");
  return {
    socket: socketPath(egress.socket, EGRESS_SOCKET),
    policy: {
      allow: entries(policy.allow, "policy.allow"),
      ...(policy.requests !== undefined && { requests: requestsOf(policy.requests) }),
      ...(policy.bindings !== undefined && { bindings: bindingsOf(policy.bindings) }),
    },
  };
}

function requestsOf(value: unknown): number {
  const most = MAX_EGRESS_REQUESTS;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > most) {
    throw new AdminRequestError(`policy.requests is not an integer from 1 to ${most}`);
  }
  return value;
}

function certificates(value: unknown): string {
  if (typeof value === "string" && value.length <= MAX_CA) return value;
  throw new AdminRequestError(`ca is no text of at most ${MAX_CA} characters`);
}

/**
 * Reads a database grant. The control plane alone decides on the target. Paths that are too long
 * for a socket are refused.
 */
function readDatabase({
  socket,
  target,
  limits,
  timeLeft,
}: Record<string, unknown>): DatabaseAccess {
  return {
    socket: socketPath(socket, DATABASE_SOCKET),
    target: object(target, "target") as unknown as DatabaseAccess["target"],
    limits: object(limits, "limits") as unknown as DatabaseAccess["limits"],
    timeLeft: typeof timeLeft === "number" ? timeLeft : 0,
  };
}

function socketPath(value: unknown, name: string): string {
  const path = text(value, "socket");
  const plain = isAbsolute(path) && normalize(path) === path && basename(path) === name;
  if (!plain) throw new AdminRequestError(`socket is no absolute path of an ${name}`);
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
    throw new AdminRequestError(`socket is longer than ${MAX_SOCKET_PATH} bytes`);
  }
  return path;
}

function entries(value: unknown, name: string): string[] {
  if (!Array.isArray(value) || value.length > MAX_ENTRIES) {
    throw new AdminRequestError(`${name} is no array of at most ${MAX_ENTRIES} entries`);
  }
  return value.map((entry) => text(entry, `An entry of ${name}`));
}

function text(value: unknown, name: string): string {
  if (typeof value !== "string" || value.length === 0 || value.length > MAX_TEXT) {
    throw new AdminRequestError(`${name} is no text of 1 to ${MAX_TEXT} characters`);
  }
  if (/[\0-\x1f\x7f]/.test(value)) throw new AdminRequestError(`${name} has control characters`);
  return value;
}

function object(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AdminRequestError(`${name} is no object`);
  }
  return value as Record<string, unknown>;
}
