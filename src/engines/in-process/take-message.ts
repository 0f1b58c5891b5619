import { readFault } from "../../protocol/fault.ts";
import { streamOf } from "../../protocol/inbound.ts";
import { clip, MAX_LOG_MESSAGE } from "../../protocol/limits.ts";
import type { WorkerMessage } from "../../protocol/messages.ts";
import type { Ending, Job, RunEvents } from "../contract/contract.ts";
import { DeliveryError } from "../contract/http-delivery.ts";

/**
 * Handles a message of a worker in this process, where no connection is needed. Forwards messages
 * of the running job, and returns the ending when it ends.
 */
export function takeMessage(
  message: WorkerMessage,
  job: Job,
  events: RunEvents,
): Ending | undefined {
  switch (message.type) {
    case "channel":
      events.onChannel?.(message);
      return undefined;
    case "call":
      events.onCall?.(message);
      return undefined;
    case "lingering":
      events.onLingering?.();
      return undefined;
    case "dropped":
      events.onLog({ dropped: message.count });
      return undefined;
    case "log": {
      const text = clip(message.message, MAX_LOG_MESSAGE);
      const { level } = message;
      const stream = streamOf(message.stream);
      events.onLog({ level, message: text, timestamp: Date.now(), ...(stream && { stream }) });
      return undefined;
    }
    case "head":
      return delivered(() => events.delivery?.head(message));
    case "chunk":
      return delivered(() => events.delivery?.chunk(message.bytes));
    case "result":
      return limited(message, job.limits.resultBytes);
    case "error":
      return { ...message, fault: readFault(message.fault) };
    case "socket":
      return delivered(() => events.delivery?.socket(message));
    case "ready":
      return undefined;
    case "spoiled":
      return { type: "declined" };
  }
}

/** Delivers a part of the response. Returns the run's ending if that is refused. */
function delivered(deliver: () => void): Ending | undefined {
  try {
    deliver();
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof DeliveryError)) throw thrown;
    return { type: "error", fault: thrown.fault, dropped: 0 };
  }
}

function limited(result: Extract<WorkerMessage, { type: "result" }>, most: number): Ending {
  const { text = "", binary } = result;
  if (Buffer.byteLength(text) + (binary?.length ?? 0) <= most) return result;
  const fault = { name: "OutputLimitError", message: `The result exceeds ${most} bytes` };
  return { type: "error", fault, dropped: result.dropped };
}
