import { clip, MAX_LOG_MESSAGE } from "../../src/protocol/limits.ts";
import type { ConsoleLevel } from "../../src/protocol/messages.ts";
import {
  apply,
  captureStack,
  createObject,
  defineProperty,
  fixed,
  mapDelete,
  mapGet,
  mapSet,
  NativeMap,
  toText,
} from "../base/primordials.ts";
import { append, define } from "./lists.ts";
import type { ConsoleLog } from "./log.ts";
import type { InspectOptions, NativeText } from "./native.ts";
import { boundedOptions } from "./options.ts";
import { boundedTable } from "./table.ts";
import { ConsoleText } from "./text.ts";

type Args = readonly unknown[];
type Method = (...args: unknown[]) => void;

/** Methods without an effect here, as they have none in the runtime without a terminal. */
const SILENT = ["clear", "profile", "profileEnd", "timeStamp"];

/**
 * Replaces the methods of the global console by ones that make entries of the current log. Runs
 * before user code. `current` returns `undefined` while nothing runs.
 */
export function captureConsole(native: NativeText, current: () => ConsoleLog | undefined): void {
  const text = new ConsoleText(native);
  const clock = performance;
  const { now } = performance;
  const counts = new NativeMap<string, number>();
  const started = new NativeMap<string, number>();

  const write = (level: ConsoleLevel, make: () => string, indent = true): void =>
    current()?.write(level, make, indent);
  const plain =
    (level: ConsoleLevel): Method =>
    (...args) =>
      write(level, () => text.join(args));
  const elapsed = (label: string): string | undefined => {
    const from = mapGet(started, label);
    return from === undefined ? undefined : `${label}: ${duration(apply(now, clock, []) - from)}`;
  };
  const noTimer = (label: string): void => write("warn", () => `Timer '${label}' does not exist`);
  const group: Method = (...args) => {
    if (args.length > 0) write("log", () => text.join(args));
    current()?.group(1);
  };

  const methods: Record<string, Method> = {
    log: plain("log"),
    debug: plain("log"),
    info: plain("info"),
    dirxml: plain("log"),
    warn: plain("warn"),
    error: plain("error"),
    dir: (value, options) =>
      write("log", () => text.inspect(value, boundedOptions(options as InspectOptions))),
    table: (data, columns) => write("log", () => boundedTable(data, columns, native, text)),
    assert: (holds, ...args) => {
      if (!holds) write("error", () => text.join(assertion(args)));
    },
    // Without the indentation of a group, as the runtime does it.
    trace: (...args) => write("log", () => trace(text.join(args), methods.trace), false),
    group,
    groupCollapsed: (...args) => apply(group, undefined, args),
    groupEnd: () => current()?.group(-1),
    count: (name = "default") => {
      const label = labelOf(name);
      const count = (mapGet(counts, label) ?? 0) + 1;
      mapSet(counts, label, count);
      write("info", () => `${label}: ${count}`);
    },
    countReset: (name = "default") => {
      const label = labelOf(name);
      if (!mapDelete(counts, label)) write("warn", () => `Count for '${label}' does not exist`);
    },
    time: (name = "default") => {
      const label = labelOf(name);
      if (mapGet(started, label) === undefined) mapSet(started, label, apply(now, clock, []));
      else write("warn", () => `Timer '${label}' already exists`);
    },
    timeLog: (name = "default", ...args) => {
      const label = labelOf(name);
      const line = elapsed(label);
      if (line === undefined) noTimer(label);
      else write("log", () => (args.length > 0 ? `${line} ${text.join(args)}` : line));
    },
    timeEnd: (name = "default") => {
      const label = labelOf(name);
      const line = elapsed(label);
      mapDelete(started, label);
      if (line === undefined) noTimer(label);
      else write("info", () => line);
    },
  };
  for (const name of SILENT) methods[name] = () => {};
  for (const [name, method] of Object.entries(methods)) {
    // Named by the property: a function of a table of functions has the name of a variable at most.
    defineProperty(method, "name", { value: name, configurable: true });
    define(console, name, method);
  }
}

/** Makes the name of a counter or timer. A message has room for no longer one. */
function labelOf(name: unknown): string {
  return clip(toText(name), MAX_LOG_MESSAGE);
}

/** Makes the arguments of a failed assertion, as the runtime does. */
function assertion(args: Args): unknown[] {
  const first = args[0];
  const words: unknown[] = [];
  if (args.length === 0) append(words, "Assertion failed");
  else if (typeof first === "string")
    append(words, `Assertion failed: ${clip(first, MAX_LOG_MESSAGE)}`);
  else {
    append(words, "Assertion failed:");
    append(words, first);
  }
  for (let i = 1; i < args.length; i += 1) append(words, args[i]);
  return words;
}

/** Returns the stack of the caller of `below`. */
function trace(message: string, below: unknown): string {
  const holder = createObject(null) as { stack?: unknown };
  define(holder, "name", "Trace");
  define(holder, "message", message);
  captureStack(holder, below);
  return toText(holder.stack);
}

/** Writes milliseconds with three digits. */
function duration(milliseconds: number): string {
  let digits = 0;
  if (milliseconds < 1) digits = 3;
  else if (milliseconds < 10) digits = 2;
  else if (milliseconds < 100) digits = 1;
  return `${fixed(milliseconds, digits)}ms`;
}
