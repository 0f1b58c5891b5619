import type { Socket } from "node:net";
import {
  encodeFrame,
  type Frame,
  FrameDecoder,
  FrameError,
  FrameTooLargeError,
} from "../protocol/frames.ts";
import { readError, readLog, readResult } from "../protocol/inbound.ts";
import { DEFAULT_OUTPUT_LIMITS, maxFrameBytes } from "../protocol/limits.ts";
import type { JobHeader } from "../protocol/messages.ts";
import type { LogEntry } from "../types.ts";
import type { Ending, Job } from "./engine.ts";

type OnLog = (entry: LogEntry | { dropped: number }) => void;

/** Frames of a run beside its log entries: counts of dropped ones, and the terminal word. */
const EXTRA_FRAMES = 64;

interface Running {
  readonly job: Job;
  readonly onLog: OnLog;
  readonly end: (ending: Ending) => void;
  logs: number;
  logBytes: number;
}

/** The control plane's end of one sandbox's control socket. */
export class Connection {
  /** Resolves when the socket is gone. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #decoder = new FrameDecoder(maxFrameBytes(DEFAULT_OUTPUT_LIMITS));
  #running: Running | undefined;
  #onPong: (() => void) | undefined;
  /** Frames the sandbox may still send; a flood of empty ones would cost us, not it. */
  #allowance = 1;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => socket.destroy());
  }

  /** Resolves with the connection once the sandbox has said that it is ready. */
  static open(socket: Socket): Promise<Connection> {
    const connection = new Connection(socket);
    return new Promise((resolve, reject) => {
      connection.closed.then(() => {
        connection.#running?.end({ type: "closed" });
        reject(new Error("The sandbox closed its connection before it was ready"));
      });
      socket.on("data", (chunk) => {
        connection.#receive(chunk, () => resolve(connection));
      });
    });
  }

  /** Sends the job and resolves with the sandbox's terminal word, or that it closed without one. */
  run(job: Job, onLog: OnLog): Promise<Ending> {
    const code = Buffer.from(job.code);
    const input = Buffer.from(job.input ?? "");
    const header: JobHeader = {
      entry: job.entry,
      codeBytes: code.length,
      hasInput: job.input !== undefined,
      tools: job.tools,
      limits: job.limits,
    };
    return new Promise((resolve) => {
      if (this.#socket.destroyed) return resolve({ type: "closed" });
      this.#decoder = new FrameDecoder(maxFrameBytes(job.limits));
      this.#allowance = job.limits.logEntries + EXTRA_FRAMES;
      this.#running = { job, onLog, end: resolve, logs: 0, logBytes: 0 };
      this.#socket.write(encodeFrame("job", header, Buffer.concat([code, input])));
    });
  }

  async ping(timeout: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`No pong within ${timeout} ms`)), timeout);
      this.#onPong = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#allowance += 1;
      this.#socket.write(encodeFrame("ping"));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Uint8Array, onHello: () => void): void {
    try {
      for (const frame of this.#decoder.push(chunk)) {
        this.#allowance -= 1;
        if (this.#allowance < 0) throw new FrameError("More frames than there is reason for");
        this.#handle(frame, onHello);
      }
    } catch (thrown) {
      if (thrown instanceof FrameTooLargeError) this.#end(tooLarge(this.#running));
      this.#socket.destroy();
    }
  }

  #handle(frame: Frame, onHello: () => void): void {
    switch (frame.type) {
      case "hello":
        onHello();
        break;
      case "pong":
        this.#onPong?.();
        break;
      case "log":
        if (this.#running !== undefined) forwardLog(frame, this.#running);
        break;
      case "result":
        this.#end({ type: "result", ...readResult(frame) });
        break;
      case "error":
        this.#end({ type: "error", ...readError(frame) });
        break;
    }
  }

  /** Only the first terminal word counts; there is no running job for a second one. */
  #end(ending: Ending): void {
    const running = this.#running;
    this.#running = undefined;
    running?.end(ending);
  }
}

function forwardLog(frame: Frame, running: Running): void {
  const { limits } = running.job;
  const log = readLog(frame);
  if ("dropped" in log) {
    running.onLog(log);
    return;
  }
  if (running.logs >= limits.logEntries || running.logBytes >= limits.logBytes) return;
  running.logs += 1;
  running.logBytes += frame.payload.length;
  running.onLog({ ...log, timestamp: Date.now() });
}

function tooLarge(running: Running | undefined): Ending {
  const message = `The result exceeds ${running?.job.limits.resultBytes ?? 0} bytes`;
  return { type: "error", fault: { name: "OutputLimitError", message }, dropped: 0 };
}
