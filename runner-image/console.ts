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

/** Console methods and the level their output has; every other method does nothing. */
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

/** The log of one execution: forwards entries until a limit is reached, then only counts. */
export class ConsoleLog {
  readonly #limits: OutputLimits;
  readonly #send: (message: WorkerMessage) => void;
  #entries = 0;
  #bytes = 0;
  /** Entries left out because a limit was reached. */
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

  /** Reported at powers of two, so that a run cut off by its deadline has a count to show. */
  #drop(): void {
    this.dropped += 1;
    if ((this.dropped & (this.dropped - 1)) === 0) {
      this.#send({ type: "dropped", count: this.dropped });
    }
  }
}

/** Replaces every method of the global console. `write` is the only one that does anything. */
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

/** One argument as text: strings as they are, errors by their stack, objects as JSON. */
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
