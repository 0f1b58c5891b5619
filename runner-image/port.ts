import type { ChannelMessage, WorkerJob, WorkerMessage } from "../src/protocol/messages.ts";
import { bufferOfArray, defineProperty, post, sizeOfArray, startPort } from "./primordials.ts";

const { iterator } = Symbol;

/**
 * Calls `receive` with each message of a port. The runtime looks a port's `dispatchEvent` up anew
 * each time: being the port's own property, this one comes before any that user code puts on a
 * prototype, and no event is ever aimed at the port, where its listeners could ask for it.
 */
export function listen(
  port: MessagePort,
  receive: (message: WorkerJob | ChannelMessage) => void,
): void {
  const dispatchEvent = ({
    data,
  }: MessageEvent<WorkerJob | ChannelMessage | undefined>): boolean => {
    if (data !== undefined) receive(data);
    return true;
  };
  defineProperty(port, "dispatchEvent", { value: dispatchEvent });
  startPort(port);
}

/** Sends a message, and hands over what is binary in it. */
export function send(port: MessagePort, message: WorkerMessage): void {
  const binary = message.type === "result" ? message.binary : undefined;
  if (binary === undefined || sizeOfArray(binary) === 0) post(port, message);
  else post(port, message, listOf(bufferOfArray(binary)));
}

/** A list of one that the runtime iterates, whatever code has made of the prototype of lists. */
function listOf(buffer: ArrayBuffer): ArrayBuffer[] {
  const list = [buffer];
  const iterate = () => {
    let done = true;
    return {
      next: () => {
        done = !done;
        return { done, value: buffer };
      },
    };
  };
  defineProperty(list, iterator, { value: iterate });
  return list;
}
