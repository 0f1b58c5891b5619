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
  /** Default: standard error, written when the work of the moment is done, and at the end. */
  readonly destination?: DestinationStream;
}

const require = createRequire(import.meta.url);

const STANDARD_ERROR = 2;
/** Characters of lines that do not wait for others. */
const BUFFERED = 8_192;
const MAX_TOLD = 2_000;
/** Fields with data of tenants. No code logs them; removing them guards against mistakes. */
const CONFIDENTIAL = ["code", "input", "env", "body", "request", "headers", "authorization", "key"];

/** Creates the server's log: one JSON object a line, with `time` in ISO 8601, `level` and `msg`. */
export function createLogger(options: LogOptions = {}): Logger {
  const { level = "info", format = process.stderr.isTTY ? "pretty" : "json" } = options;
  const destination = options.destination ?? standardError();
  const mask = masker(options.secrets);
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorFields },
      redact: { paths: CONFIDENTIAL, censor: "[redacted]" },
      hooks: { streamWrite: mask },
    },
    format === "json" ? destination : readable(destination),
  );
}

/**
 * Makes a destination that writes all lines of one turn of the event loop at once, behind the answers
 * that they are about. Each write wakes whoever reads the log.
 */
function standardError(): DestinationStream {
  const destination = pino.destination({ fd: STANDARD_ERROR, sync: true });
  let lines = "";
  const flush = (): void => {
    const text = lines;
    lines = "";
    if (text !== "") destination.write(text);
  };
  process.once("exit", flush);
  return {
    write: (line) => {
      if (lines === "") setImmediate(flush);
      lines += line;
      if (lines.length > BUFFERED) flush();
    },
  };
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
