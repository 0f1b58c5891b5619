import type { AnswerMessage } from "../src/protocol/calls.ts";
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
  readonly #worker: Worker;
  #ended = false;

  /** Starts the worker. Its first message says that it is ready. */
  constructor(permissions: Deno.PermissionOptions, events: WorkerEvents, hrtime = false) {
    const worker = new Worker(new URL("./worker.js", import.meta.url), {
      type: "module",
      deno: { permissions },
    });
    this.#worker = worker;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const env = namesOf(typeof permissions === "object" ? permissions.env : permissions);
    worker.postMessage({ port: port2, hrtime, env } satisfies WorkerStart, [port2]);
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      if (!this.#ended) events.onCrash(clip(event.message, MAX_FAULT_TEXT));
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

  /** Sends the answer to a call, if there is one. */
  answer(message: AnswerMessage | undefined): void {
    if (message !== undefined) this.send(message);
  }

  /** Asks the worker to end. It does once its code returns, and its own workers with it. */
  end(): void {
    this.#ended = true;
    this.#worker.terminate();
  }

  /** Drops all messages of the worker that have not arrived yet. */
  close(): void {
    this.#port.close();
  }
}

/** Worker lines of a process that may still have a worker. */
export class WorkerLines {
  #all: WorkerLine[] = [];

  add(line: WorkerLine): WorkerLine {
    this.#all.push(line);
    return line;
  }

  /** Asks all workers to end. Their messages of before still arrive. */
  end(): void {
    for (const line of this.#all) line.end();
  }

  /** Drops all messages that have not arrived yet. */
  close(): void {
    for (const line of this.#all.splice(0)) line.close();
  }
}

function namesOf(env: boolean | string | string[] = false): readonly string[] | boolean {
  return typeof env === "string" ? env === "inherit" : env;
}
