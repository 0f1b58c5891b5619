import type { Answered, CallAnswer, CallRequest } from "../../protocol/calls.ts";
import type { ChannelRequest } from "../../protocol/messages.ts";

/**
 * Connection of an execution to the channels of its tenant: `Membership` in
 * src/channels/channels.ts.
 */
export interface ChannelLine {
  /**
   * Sets the function that sends to the sandbox. Called once, before the sandbox can send requests.
   */
  connect(send: (topic: string, text: string) => boolean): void;
  receive(request: ChannelRequest): void;
  /** Number of messages that the execution has lost so far. */
  readonly dropped: number;
}

/** Calls of an execution to functions of its caller: `Calls` in src/channels/calls.ts. */
export interface CallLine {
  /** Sets the function that answers in the sandbox. Calls of an earlier sandbox have no answer then. */
  connect(send: (answer: CallAnswer) => Answered): void;
  receive(call: CallRequest): void;
}
