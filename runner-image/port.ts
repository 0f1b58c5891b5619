import type { ChannelMessage, WorkerJob } from "../src/protocol/messages.ts";
import { defineProperty, startPort } from "./primordials.ts";

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
