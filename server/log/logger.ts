import { createRequire } from "node:module";
import { type DestinationStream, type Logger, pino } from "pino";
import { StoreUnavailable } from "../store/contract/store-errors.ts";
import { errorFields, isExpected } from "./error-fields.ts";
import { masker } from "./mask.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export const LOG_FORMATS = ["json", "pretty"] as const;

export interface LogOptions {
  /** Default `info`. */
  readonly level?: (typeof LOG_LEVELS)[number] | undefined;
  /** Default: `pretty` on a terminal, `json` elsewhere. */
  readonly format?: (typeof LOG_FORMATS)[number] | undefined;
  /** Texts that must be in no line. */
  readonly secrets?: readonly string[];
  /** Default: standard error, written before the call returns. */
  readonly destination?: DestinationStream;
}

const require = createRequire(import.meta.url);

const STANDARD_ERROR = 2;
const MAX_TOLD = 2_000;
/** Fields with data of tenants. No code logs them; removing them guards against mistakes. */
const CONFIDENTIAL = ["code", "input", "env", "body", "request", "headers", "authorization", "key"];

const ERROR_CODE = /^[A-Z][A-Z_]{2,49}$/;

/** Hides a value, unless it is the code of an error instead of code that is run. */
function censored(value: unknown, [name]: readonly string[]): string {
  return name === "code" && typeof value === "string" && ERROR_CODE.test(value)
    ? value
    : "[redacted]";
}

/** Creates the server's log: one JSON object a line, with `time` in ISO 8601, `level` and `msg`. */
export function createLogger(options: LogOptions = {}): Logger {
  const { level = "info", format = process.stderr.isTTY ? "pretty" : "json" } = options;
  const destination = options.destination ?? pino.destination({ fd: STANDARD_ERROR, sync: true });
  const mask = masker(options.secrets);
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorFields },
      redact: { paths: CONFIDENTIAL, censor: censored },
      hooks: { streamWrite: mask },
    },
    format === "json" ? destination : readable(destination),
  );
}

/** Makes a destination that writes text for people, in order. */
function readable(destination: DestinationStream): DestinationStream {
  const { prettyFactory } = require("pino-pretty") as typeof import("pino-pretty");
  const text = prettyFactory({ singleLine: true, colorize: process.stderr.isTTY });
  return { write: (line) => destination.write(text(line)) };
}

/** Returns an error's message, with details that its callers did not get. */
function toldOf(error: Error): string {
  const told = error instanceof StoreUnavailable ? error.told : error.message;
  return told.slice(0, MAX_TOLD);
}

/** Logs our own failures. `requestId` is empty for a failure that no request has caused. */
export function failureLog(logger: Logger): (error: unknown, requestId: string) => void {
  return (error, requestId) => {
    const request = requestId === "" ? {} : { requestId };
    const said = requestId === "" ? "" : "The request failed: ";
    if (isExpected(error)) logger.warn(request, `${said}${toldOf(error)}`);
    else logger.error({ ...request, err: error }, said || "Something failed");
  };
}
