import { JsonText, partsOfText } from "../base/json-text.ts";
import type { Fault } from "../protocol/messages.ts";
import type { Denial, LogEntry, Observer, Output } from "../request/types.ts";
import { MASK } from "./matcher.ts";
import type { Redactor } from "./redactor.ts";

/** Characters up to which a result is read to mask values in it. A longer one is masked as a whole. */
const MOST_READ = 1_048_576;

/** Masks values in what an execution answers. */
export function redactedOutput<O extends Output>(output: O, redactor: Redactor): O {
  const { result, logs, denied } = output;
  return {
    ...output,
    ...(result !== undefined && { result: redactedResult(result, redactor) }),
    ...(logs && { logs: logs.map((entry) => redactedEntry(entry, redactor)) }),
    ...(denied && { denied: denied.map((denial) => redactedDenial(denial, redactor)) }),
  };
}

/** Makes an observer that receives events without the values. */
export function redactedObserver(
  observer: Required<Observer>,
  redactor: Redactor,
): Required<Observer> {
  return {
    ...observer,
    onLog: (entry) => observer.onLog(redactedEntry(entry, redactor)),
    onChannel: (topic, text) =>
      observer.onChannel(redactor.text(topic), redactedJson(text, redactor)),
    onDenied: (denial) => observer.onDenied(redactedDenial(denial, redactor)),
  };
}

function redactedResult(result: unknown, redactor: Redactor): unknown {
  if (!(result instanceof JsonText)) return redactor.json(result);
  const text = redactedJson(result.text, redactor);
  return text === result.text ? result : new JsonText(partsOfText(text));
}

/** Masks values in JSON text. It is read only if it has any, because they may be within escapes. */
/** Masks values of secrets in JSON text. Throws for text that is none, and may hold one. */
export function redactedJson(text: string, redactor: Redactor): string {
  if (!redactor.isIn(text)) return text;
  if (text.length > MOST_READ) return JSON.stringify(MASK);
  try {
    return JSON.stringify(redactor.json(JSON.parse(text)));
  } catch {
    // Nested deeper than a stack. A text that cannot be searched is not shown.
    return JSON.stringify(MASK);
  }
}

function redactedEntry(entry: LogEntry, redactor: Redactor): LogEntry {
  const { name, hint } = entry;
  return {
    ...entry,
    ...redactedFault(entry, redactor),
    ...(name !== undefined && { name: redactor.text(name) }),
    ...(hint !== undefined && { hint: redactor.text(hint) }),
  };
}

type Parts = Pick<Fault, "message" | "stack" | "cause" | "errors" | "details">;

function redactedFault({ message, stack, cause, errors, details }: Parts, redactor: Redactor) {
  const inner = (fault: Fault): Fault => ({
    ...fault,
    ...redactedFault(fault, redactor),
    name: redactor.text(fault.name),
  });
  return {
    message: redactor.text(message),
    ...(stack !== undefined && { stack: redactor.text(stack) }),
    ...(cause !== undefined && { cause: inner(cause) }),
    ...(errors !== undefined && { errors: errors.map(inner) }),
    ...(details !== undefined && {
      details: redactor.json(details) as NonNullable<Fault["details"]>,
    }),
  };
}

function redactedDenial(denial: Denial, redactor: Redactor): Denial {
  const { value, permission } = denial;
  return {
    ...denial,
    value: redactor.text(value),
    ...(permission && {
      permission: redactor.json(permission) as NonNullable<Denial["permission"]>,
    }),
  };
}
