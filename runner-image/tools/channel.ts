import { CHANNEL_LIMITS } from "../../src/protocol/limits.ts";
import type { ChannelMessage, ChannelRequest } from "../../src/protocol/messages.ts";
import { bareCall, type Call } from "../base/bare-call.ts";
import {
  byteLength,
  mapDelete,
  mapGet,
  mapSet,
  mapSize,
  NativeError,
  NativeMap,
  NativeSet,
  NativeTypeError,
  parseJson,
  queueTask,
  setAdd,
  setDelete,
  setForEach,
  setHas,
  setSize,
  stringifyJson,
  toText,
} from "../base/primordials.ts";

/** Connection of the tool to the control plane. */
export interface ChannelWire {
  send(request: ChannelRequest): void;
  /** Sets the listener for messages. It sends `taken` for each message that it has handled. */
  listen(listener: (message: ChannelMessage) => void): void;
}

export type Handler = (data: unknown) => unknown;

const { emits, textBytes, topicLength, topics, subscriptions } = CHANNEL_LIMITS;

/**
 * Creates the channel tool. It exchanges messages with the tenant's other running executions, at
 * most once and never awaited.
 */
export function createChannel({ send, listen }: ChannelWire): object {
  const handlers = new NativeMap<string, Set<Handler>>();
  let emitted = 0;
  let subscribed = 0;

  listen(({ topic, text }) => {
    const set: Set<Handler> | undefined = mapGet(handlers, topic);
    if (set !== undefined) {
      setForEach(set, (handler) => queueTask(bareCall(() => delivery(set, handler, text))));
    }
    // Queued behind the handlers: a slow handler delays `taken`, and with it the next messages.
    queueTask(() => send({ op: "taken" }));
  });

  return Object.freeze({
    emit(topic: string, data: unknown): void {
      checkTopic(topic);
      const text = write(topic, data);
      if (emitted >= emits) throw limit(`${emits} emits`);
      emitted += 1;
      send({ op: "emit", topic, text });
    },
    on(topic: string, handler: Handler): void {
      checkTopic(topic);
      checkHandler(handler);
      const set: Set<Handler> | undefined = mapGet(handlers, topic);
      if (set !== undefined) {
        setAdd(set, handler);
        return;
      }
      if (mapSize(handlers) >= topics) throw limit(`${topics} topics at the same time`);
      if (subscribed >= subscriptions) throw limit(`${subscriptions} subscriptions`);
      subscribed += 1;
      mapSet(handlers, topic, setAdd(new NativeSet<Handler>(), handler));
      send({ op: "on", topic });
    },
    off(topic: string, handler: Handler): void {
      checkTopic(topic);
      checkHandler(handler);
      const set: Set<Handler> | undefined = mapGet(handlers, topic);
      if (set === undefined || !setDelete(set, handler) || setSize(set) > 0) return;
      mapDelete(handlers, topic);
      send({ op: "off", topic });
    },
  });
}

/** Calls a handler with a copy of its own, unless it has been removed in the meantime. */
function delivery(set: Set<Handler>, handler: Handler, text: string): Call {
  return setHas(set, handler)
    ? { callee: handler, args: [parseJson(text)] }
    : { callee: () => {}, args: [] };
}

function write(topic: string, data: unknown): string {
  let text: string | undefined;
  try {
    text = stringifyJson(data);
  } catch (thrown) {
    const reason = thrown instanceof NativeError ? toText(thrown.message) : toText(thrown);
    throw new NativeError(`The data for "${topic}" cannot be written as JSON: ${reason}`);
  }
  if (text === undefined) {
    throw new NativeError(
      `The data for "${topic}" cannot be written as JSON: its type is ${typeof data}`,
    );
  }
  // Compared before encoding: each character takes at least one byte.
  const size = text.length > textBytes ? text.length : byteLength(text);
  if (size > textBytes) throw limit(`${textBytes} bytes of JSON in one message`);
  return text;
}

function checkTopic(topic: unknown): asserts topic is string {
  if (typeof topic !== "string" || topic.length < 1 || topic.length > topicLength) {
    const given = typeof topic === "string" ? `one of ${topic.length}` : `a ${typeof topic}`;
    throw new NativeTypeError(
      `A topic is a string of 1 to ${topicLength} characters, not ${given}`,
    );
  }
}

function checkHandler(handler: unknown): asserts handler is Handler {
  if (typeof handler === "function") return;
  throw new NativeTypeError(`A handler is a function, not a ${typeof handler}`);
}

function limit(what: string): Error {
  return new NativeError(`The channel tool allows ${what} in one execution`);
}
