import { DEFAULT_EGRESS_LIMITS, type EgressLimits } from "../src/protocol/egress-limits.ts";
import type { EgressOptions } from "./start.ts";

/** Longest wait of a timer, in milliseconds. */
const LONGEST_TIMER = 2_147_483_647;
const LIMIT_NAMES = Object.keys(DEFAULT_EGRESS_LIMITS) as (keyof EgressLimits)[];

interface Options extends Pick<EgressOptions, "hosts" | "private" | "own" | "ca" | "limits"> {
  readonly endAfter: number | undefined;
}

/**
 * Reads the arguments of `main.js`.
 *
 * @throws {Error} For arguments that are missing or malformed.
 */
export function readArguments([adminSocket, json = "{}"]: readonly string[]) {
  if (adminSocket === undefined) throw new Error("Usage: main.js ADMIN_SOCKET [JSON_OPTIONS]");
  return { adminSocket, ...readOptions(json) };
}

function readOptions(json: string): Options {
  const options: unknown = JSON.parse(json);
  if (!isRecord(options)) throw new Error("The options are no JSON object");
  const {
    hosts = {},
    private: privates = [],
    own = [],
    ca,
    endAfter,
    limits,
    ...unknown
  } = options;
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined) throw new Error(`There is no option ${JSON.stringify(stranger)}`);
  if (!isRecord(hosts)) throw new Error("hosts is no object of names and addresses");
  if (!isTexts(privates)) throw new Error("private is no array of host:port");
  if (!isTexts(own)) throw new Error("own is no array of addresses and networks");
  if (ca !== undefined && typeof ca !== "string") throw new Error("ca is no text");
  if (endAfter !== undefined && !isMilliseconds(endAfter)) {
    throw new Error("endAfter is no number of milliseconds");
  }
  if (limits !== undefined && !isRecord(limits)) throw new Error("limits is no object of numbers");
  return {
    hosts: hosts as Record<string, string>,
    private: privates,
    own,
    ca,
    endAfter,
    limits: limits && readLimits(limits),
  };
}

function readLimits(limits: Record<string, unknown>): Partial<EgressLimits> {
  const read: Partial<Record<keyof EgressLimits, number>> = {};
  for (const [name, value] of Object.entries(limits)) {
    const known = LIMIT_NAMES.find((limit) => limit === name);
    if (known === undefined) throw new Error(`limits has no ${name}`);
    const most = known.endsWith("Ms") ? LONGEST_TIMER : Number.MAX_SAFE_INTEGER;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > most) {
      throw new Error(`limits.${known} is not an integer from 1 to ${most}`);
    }
    read[known] = value;
  }
  return read;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}

function isMilliseconds(value: unknown): value is number {
  return typeof value === "number" && value >= 1 && value <= LONGEST_TIMER;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
