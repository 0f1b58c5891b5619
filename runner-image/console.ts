import { clip, MAX_LOG_MESSAGE, type OutputLimits } from "../src/protocol/limits.ts";
import type { ConsoleLevel, WorkerMessage } from "../src/protocol/messages.ts";
import {
  join,
  mapArray,
  NativeError,
  NativeSet,
  setAdd,
  setHas,
  stringifyJson,
  toText,
} from "./base/primordials.ts";

/** Console methods and the level of their output. Every other method does nothing. */
const LEVELS: Record<string, ConsoleLevel> = {
  log: "log",
  debug: "log",
  dir: "log",
  dirxml: "log",
  table: "log",
  trace: "log",
  group: "log",
  groupCollapsed: "log",
  info: "info",
  warn: "warn",
  error: "error",
};

/**
 * The log of one execution. Forwards entries until a limit is reached; from then on it only counts.
 */
export class ConsoleLog {
  readonly #limits: OutputLimits;
  readonly #send: (message: WorkerMessage) => void;
  #entries = 0;
  #bytes = 0;
  /** Number of entries left out because a limit was reached. */
  dropped = 0;

  constructor(limits: OutputLimits, send: (message: WorkerMessage) => void) {
    this.#limits = limits;
    this.#send = send;
  }

  write(level: ConsoleLevel, args: unknown[]): void {
    if (this.#entries >= this.#limits.logEntries || this.#bytes >= this.#limits.logBytes) {
      this.#drop();
      return;
    }
    const message = clip(join(mapArray(args, format), " "), MAX_LOG_MESSAGE);
    this.#entries += 1;
    this.#bytes += message.length;
    this.#send({ type: "log", level, message });
  }

  /**
   * Counts a dropped entry. Reports the count at powers of two, so that it is known even if the
   * deadline ends the run.
   */
  #drop(): void {
    this.dropped += 1;
    if ((this.dropped & (this.dropped - 1)) === 0) {
      this.#send({ type: "dropped", count: this.dropped });
    }
  }
}

/**
 * Replaces every method of the global console. Only those in `LEVELS` do something: call `write`.
 */
export function captureConsole(write: (level: ConsoleLevel, args: unknown[]) => void): void {
  for (const key of Object.keys(console)) {
    if (typeof Reflect.get(console, key) !== "function") continue;
    const level = LEVELS[key];
    const method =
      level === undefined ? () => {} : (...args: unknown[]): void => write(level, args);
    Object.defineProperty(method, "name", { value: key });
    Reflect.set(console, key, method);
  }
}

/** Formats one argument: a string stays as it is, an error gives its stack, an object its JSON. */
function format(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    if (value instanceof NativeError) return toText(value.stack ?? value);
    if (typeof value !== "object" || value === null) return toText(value);
    return json(value);
  } catch {
    return "[unprintable]";
  }
}

function json(value: object): string {
  try {
    return stringifyJson(value) ?? toText(value);
  } catch {
    const seen = new NativeSet<object>();
    return stringifyJson(value, (_key, item: unknown) => {
      if (typeof item === "bigint") return `${item}n`;
      if (typeof item !== "object" || item === null) return item;
      if (setHas(seen, item)) return "[Circular]";
      setAdd(seen, item);
      return item;
    });
  }
}
