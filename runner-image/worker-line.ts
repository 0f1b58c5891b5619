import type { RefusedMessage } from "../src/protocol/forwarder.ts";
import { clip, MAX_FAULT_TEXT } from "../src/protocol/limits.ts";
import type { RunMessage, WorkerJob, WorkerMessage } from "../src/protocol/messages.ts";

export interface WorkerEvents {
  onMessage(message: WorkerMessage): void;
  /** Called when the worker has ended by itself, with the reason. */
  onCrash(reason: string): void;
}

/** First message to a worker. */
export interface WorkerStart {
  readonly port: MessagePort;
  /** True if its clocks may be as fine as they are. */
  readonly hrtime: boolean;
  /** Names of the variables it may read, or `true` for all of them. */
  readonly env: readonly string[] | boolean;
}

const NOTHING: Pick<WorkerJob, "attachments" | "codeBytes"> = {};

/** A worker for one job, and the port to it. */
export class WorkerLine {
  readonly #port: MessagePort;

  /** Starts the worker. Its first message says that it is ready. */
  constructor(permissions: Deno.PermissionOptions, events: WorkerEvents, hrtime = false) {
    const worker = new Worker(new URL("./worker.js", import.meta.url), {
      type: "module",
      deno: { permissions },
    });
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const env = namesOf(typeof permissions === "object" ? permissions.env : permissions);
    worker.postMessage({ port: port2, hrtime, env } satisfies WorkerStart, [port2]);
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      events.onCrash(clip(event.message, MAX_FAULT_TEXT));
    });
    port1.onmessage = ({ data }: MessageEvent<WorkerMessage>) => events.onMessage(data);
  }

  /**
   * Sends a message. A job's attachments and bytes of code are transferred, so they cannot be used
   * here afterwards.
   */
  send(message: WorkerJob | RunMessage | RefusedMessage): void {
    const { attachments = [], codeBytes } = message.type === "job" ? message : NOTHING;
    const parts = codeBytes === undefined ? attachments : [...attachments, codeBytes];
    this.#port.postMessage(
      message,
      parts.map(({ buffer }) => buffer as ArrayBuffer),
    );
  }
}

function namesOf(env: boolean | string | string[] = false): readonly string[] | boolean {
  return typeof env === "string" ? env === "inherit" : env;
}
