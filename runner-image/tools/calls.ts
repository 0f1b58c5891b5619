import { type AnswerMessage, CALL_LIMITS, type CallRequest } from "../../src/protocol/calls.ts";
import {
  byteLength,
  createObject,
  defineProperty,
  mapDelete,
  mapGet,
  mapSet,
  NativeError,
  NativeMap,
  NativePromise,
  NativeTypeError,
  parseJson,
  stringifyJson,
  toText,
} from "../base/primordials.ts";

/** Connection of the calls to the control plane. */
export interface CallWire {
  call(request: CallRequest): void;
  /** Sets the listener for answers. */
  listen(listener: (answer: AnswerMessage) => void): void;
}

interface OpenCall {
  readonly name: string;
  /** Text of the arguments, until it is sent. */
  text: string;
  readonly bytes: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

const { calls, atOnce, argsBytes, bytesAtOnce } = CALL_LIMITS;

/**
 * Creates the functions of the caller, by their names. Each call is sent to the caller, and its promise
 * settles with the caller's answer. Calls beyond those that may be open wait here, in their order.
 */
export function createCalls(names: readonly string[], wire: CallWire): object {
  const open = new NativeMap<number, OpenCall>();
  let made = 0;
  let sent = 0;
  let unanswered = 0;
  let bytes = 0;
  let exhausted: Promise<never> | undefined;

  const sendMore = (): void => {
    while (sent < made && unanswered < atOnce) {
      const next = mapGet(open, sent + 1) as OpenCall;
      if (bytes + next.bytes > bytesAtOnce) return;
      sent += 1;
      unanswered += 1;
      bytes += next.bytes;
      wire.call({ number: sent, name: next.name, text: next.text });
      next.text = "";
    }
  };

  const call = (name: string, given: readonly unknown[]): Promise<unknown> => {
    if (made >= calls) {
      // One promise for all further calls, because a flood of rejected ones fills the memory.
      exhausted ??= new NativePromise((_resolve, reject) => {
        reject(limit(`${calls} calls in one execution`));
      });
      return exhausted;
    }
    return new NativePromise((resolve, reject) => {
      const text = write(name, given);
      const size = text.length > argsBytes ? text.length : byteLength(text);
      if (size > argsBytes) throw limit(`${argsBytes} bytes of arguments in one call`);
      made += 1;
      mapSet(open, made, { name, text, bytes: size, resolve, reject });
      sendMore();
    });
  };

  wire.listen(({ number, failed, text }) => {
    const answered: OpenCall | undefined = mapGet(open, number);
    if (answered === undefined || number > sent) return;
    mapDelete(open, number);
    unanswered -= 1;
    bytes -= answered.bytes;
    if (failed) answered.reject(errorOf(text));
    else answered.resolve(parseJson(text));
    sendMore();
  });

  const functions = createObject(null) as Record<string, unknown>;
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at] as string;
    const value = (...given: unknown[]): Promise<unknown> => call(name, given);
    defineProperty(value, "name", { value: name });
    defineProperty(functions, name, { value: Object.freeze(value), enumerable: true });
  }
  return Object.freeze(functions);
}

function write(name: string, given: readonly unknown[]): string {
  if (given.length > 1) {
    throw new NativeTypeError(`tools.${name} takes one argument, not ${given.length}`);
  }
  if (given.length === 0 || given[0] === undefined) return "null";
  let text: string | undefined;
  try {
    text = stringifyJson(given[0], refuse);
  } catch (thrown) {
    throw unwritten(name, thrown instanceof NativeError ? toText(thrown.message) : toText(thrown));
  }
  if (text === undefined) throw unwritten(name, `its type is ${typeof given[0]}`);
  return text;
}

/** Refuses what JSON leaves out without a word. */
function refuse(key: string, value: unknown): unknown {
  if (typeof value !== "function" && typeof value !== "symbol") return value;
  throw new NativeTypeError(
    key === "" ? `it is a ${typeof value}` : `"${key}" is a ${typeof value}`,
  );
}

function unwritten(name: string, reason: string): Error {
  return new NativeTypeError(`The argument of tools.${name} cannot be written as JSON: ${reason}`);
}

/** Makes the error that the caller has answered with. */
function errorOf(text: string): Error {
  const { name, message } = parseJson(text) as { name: string; message: string };
  const error = new NativeError(message);
  if (name !== "Error") {
    const own = { __proto__: null, value: name, writable: true, configurable: true };
    defineProperty(error, "name", own as PropertyDescriptor);
  }
  return error;
}

function limit(what: string): Error {
  return new NativeError(`The functions of the caller allow ${what}`);
}
