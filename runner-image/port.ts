import type { RefusedMessage } from "../src/protocol/forwarder.ts";
import type { RunMessage, WorkerJob, WorkerMessage } from "../src/protocol/messages.ts";
import {
  bufferOfArray,
  defineProperty,
  hasOwn,
  listOf,
  post,
  sizeOfArray,
  startPort,
} from "./base/primordials.ts";

type Inbound = WorkerJob | RunMessage | RefusedMessage;

/**
 * Calls `receive` with each message of a port. The runtime looks up the port's `dispatchEvent` for
 * each message. An own property takes precedence over one that user code sets on a prototype. No
 * event is dispatched at the port, so a listener of user code never gets one.
 */
export function listen(port: MessagePort, receive: (message: Inbound) => void): void {
  const dispatchEvent = ({ data }: MessageEvent<Inbound | undefined>): boolean => {
    if (data !== undefined) receive(data);
    return true;
  };
  defineProperty(port, "dispatchEvent", { value: dispatchEvent });
  startPort(port);
}

/** Sends a message and transfers its binary part. */
export function send(port: MessagePort, message: WorkerMessage): void {
  const binary = binaryOf(message);
  if (binary === undefined || sizeOfArray(binary) === 0) post(port, message);
  else post(port, message, listOf(bufferOfArray(binary)));
}

function binaryOf(message: WorkerMessage): Uint8Array | undefined {
  if (message.type === "chunk") return message.bytes;
  if (message.type === "socket") return message.op === "piece" ? message.bytes : undefined;
  // Code may have put a member of that name on the prototype of all objects.
  return message.type === "result" && hasOwn(message, "binary") ? message.binary : undefined;
}
