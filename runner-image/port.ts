import type { CreditMessage } from "../src/protocol/http.ts";
import type { ChannelMessage, WorkerJob, WorkerMessage } from "../src/protocol/messages.ts";
import {
  bufferOfArray,
  defineProperty,
  listOf,
  post,
  sizeOfArray,
  startPort,
} from "./base/primordials.ts";

type Inbound = WorkerJob | ChannelMessage | CreditMessage;

/**
 * Calls `receive` with each message of a port. The runtime looks a port's `dispatchEvent` up anew
 * each time: being the port's own property, this one comes before any that user code puts on a
 * prototype, and no event is ever aimed at the port, where its listeners could ask for it.
 */
export function listen(port: MessagePort, receive: (message: Inbound) => void): void {
  const dispatchEvent = ({ data }: MessageEvent<Inbound | undefined>): boolean => {
    if (data !== undefined) receive(data);
    return true;
  };
  defineProperty(port, "dispatchEvent", { value: dispatchEvent });
  startPort(port);
}

/** Sends a message, and hands over what is binary in it. */
export function send(port: MessagePort, message: WorkerMessage): void {
  const binary = binaryOf(message);
  if (binary === undefined || sizeOfArray(binary) === 0) post(port, message);
  else post(port, message, listOf(bufferOfArray(binary)));
}

function binaryOf(message: WorkerMessage): Uint8Array | undefined {
  if (message.type === "chunk") return message.bytes;
  return message.type === "result" ? message.binary : undefined;
}
