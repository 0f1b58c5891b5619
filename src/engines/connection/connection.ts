import type { Socket } from "node:net";
import { deadline } from "../../base/deadline.ts";
import { LongTexts } from "../../base/long-texts.ts";
import { type Answered, CALL_LIMITS, type CallAnswer, readCall } from "../../protocol/calls.ts";
import {
  encodeFrame,
  type Frame,
  FrameDecoder,
  FrameError,
  FrameTooLargeError,
} from "../../protocol/frames.ts";
import type { Grants, WorkerGrant } from "../../protocol/grants.ts";
import { HTTP_LIMITS } from "../../protocol/http.ts";
import {
  readArtifact,
  readChannel,
  readError,
  readLog,
  readResult,
  readSocket,
} from "../../protocol/inbound.ts";
import { encodeJobParts } from "../../protocol/job-frame.ts";
import { CHANNEL_LIMITS, maxFrameBytes, OUTPUT_LIMITS } from "../../protocol/limits.ts";
import type { PrepareHeader, RenewHeader, RenewStep, TakeHeader } from "../../protocol/messages.ts";
import type { SocketEvent } from "../../protocol/socket.ts";
import type { Ending, RunEvents, SandboxJob } from "../contract/contract.ts";
import { DeliveryError } from "../contract/http-delivery.ts";
import { allowanceOf, mostOfFrame, SMALL_FRAME, SMALL_FRAMES } from "./allowance.ts";

/** Milliseconds for a worker that is made ahead. Nobody waits for it. */
const PREPARED_WITHIN = 5_000;

/** Bytes that a sandbox may leave unread. A sandbox that keeps reading leaves fewer. */
const MAX_UNREAD = 2 * CHANNEL_LIMITS.window * CHANNEL_LIMITS.textBytes;

/** Characters of code whose bytes are kept, and most characters of all such code. */
const LONG_CODE = 65_536;
const KEPT_CHARACTERS = 16_777_216;
const encoder = new TextEncoder();
const encoded = new LongTexts<Uint8Array>(KEPT_CHARACTERS);

interface Running {
  readonly job: SandboxJob;
  readonly events: RunEvents;
  readonly end: (ending: Ending) => void;
  logs: number;
  logBytes: number;
  /** Entries dropped by the sandbox, as it says, and those dropped here. */
  droppedThere: number;
  droppedHere: number;
}

/** Connection of the control plane to one sandbox, over its control socket. */
export class Connection {
  /** Resolves when the socket is closed. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #decoder = new FrameDecoder(maxFrameBytes(OUTPUT_LIMITS));
  #running: Running | undefined;
  /** True if the sandbox has loaded the code of its jobs. */
  #loaded = false;
  #onPong: (() => void) | undefined;
  #onRenewed: (() => void) | undefined;
  #onPrepared: (() => void) | undefined;
  /** Frames that the sandbox may still send. A flood of empty ones would load this process. */
  #allowance = 1;
  /** Bytes that it may still send, for the same reason. */
  #byteAllowance = SMALL_FRAMES;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  /**
   * Resolves when the sandbox says that it is ready. `SocketDirectory` handles the socket's errors.
   */
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

  /** True while a job has no answer. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Sends the job. Resolves with the sandbox's final message, or with the fact that it closed
   * without one.
   */
  run(job: SandboxJob, events: RunEvents): Promise<Ending> {
    return new Promise((resolve) => {
      // A partial frame between jobs means a misbehaving sandbox: close it.
      if (!this.#decoder.isEmpty) this.#socket.destroy();
      if (this.#socket.destroyed) return resolve({ type: this.#loaded ? "declined" : "closed" });
      const wanted = job.files?.wanted;
      this.#decoder = new FrameDecoder(mostOfFrame(job.limits, wanted));
      const { frames, bytes } = allowanceOf(job);
      this.#allowance = frames;
      this.#byteAllowance = bytes;
      if (job.httpRequest !== undefined) this.#allowResponse(HTTP_LIMITS.window);
      this.#running = {
        job,
        events,
        end: resolve,
        logs: 0,
        logBytes: 0,
        droppedThere: 0,
        droppedHere: 0,
      };
      const sent = this.#loaded && !job.session ? { ...job, code: "" } : withBytes(job);
      this.#socket.cork();
      for (const part of encodeJobParts(sent, grantsOf(job))) this.#socket.write(part);
      this.#socket.uncork();
    });
  }

  /**
   * Makes the sandbox create a worker in advance, with exactly these permissions. Resolves when it
   * exists, and rejects if there is none in time.
   */
  async prepare(worker: WorkerGrant): Promise<void> {
    const prepared = new Promise<void>((resolve, reject) => {
      this.#onPrepared = resolve;
      void this.closed.then(() => reject(new Error("The sandbox ended while it was prepared")));
    });
    this.#allowance += 1;
    this.#byteAllowance += SMALL_FRAME;
    this.#socket.write(encodeFrame("prepare", { worker } satisfies PrepareHeader));
    await deadline(prepared, PREPARED_WITHIN, "Preparing a worker");
  }

  /** Makes the sandbox do a step between two executions. Rejects if it has not done it in time. */
  async renew(step: RenewStep, timeout: number): Promise<void> {
    const renewed = new Promise<void>((resolve, reject) => {
      this.#onRenewed = resolve;
      void this.closed.then(() => reject(new Error("The sandbox ended while it was renewed")));
    });
    this.#allowance += 1;
    this.#byteAllowance += SMALL_FRAME;
    this.#socket.write(encodeFrame("renew", { step } satisfies RenewHeader));
    await deadline(renewed, timeout, "Renewing a sandbox");
  }

  /**
   * Sends a message to the running job. Returns false if there is no job, or if its sandbox does
   * not read. The sandbox reports handled messages, but the socket shows unread ones.
   */
  sendChannel(topic: string, text: string): boolean {
    const socket = this.#socket;
    if (this.#running === undefined || !socket.writable) return false;
    if (socket.writableLength > MAX_UNREAD) return false;
    // The sandbox confirms each message.
    this.#allowance += 1;
    this.#byteAllowance += SMALL_FRAME;
    socket.write(encodeFrame("channel", { topic }, Buffer.from(text)));
    return true;
  }

  /** Sends the answer to a call of the running job, unless its sandbox does not read. */
  sendAnswer({ text, ...header }: CallAnswer): Answered {
    const socket = this.#socket;
    if (this.#running === undefined || !socket.writable) return "unknown";
    if (socket.writableLength > CALL_LIMITS.bytesAtOnce) return "busy";
    // The sandbox may make another call instead.
    this.#allowance += 1;
    this.#byteAllowance += CALL_LIMITS.argsBytes + SMALL_FRAME;
    socket.write(encodeFrame("call", header, Buffer.from(text)));
    return "sent";
  }

  /** Lets the running job send `bytes` more of its response. */
  sendCredit(bytes: number): void {
    if (this.#running === undefined || !this.#socket.writable) return;
    this.#allowResponse(bytes);
    this.#socket.write(encodeFrame("credit", { bytes }));
  }

  /** Sends an event of the running job's WebSocket. `ClientSocket` limits the bytes on their way. */
  sendSocket(event: SocketEvent): void {
    if (this.#running === undefined || !this.#socket.writable) return;
    if (event.op !== "message") {
      this.#socket.write(encodeFrame("socket", event));
      return;
    }
    // The sandbox confirms each message.
    this.#allowance += 1;
    this.#byteAllowance += SMALL_FRAME;
    const { op, text, bytes } = event;
    this.#socket.write(encodeFrame("socket", { op, text }, bytes));
  }

  /** Asks a lingering run for its ending. */
  finish(): void {
    if (this.#running !== undefined && this.#socket.writable) {
      this.#socket.write(encodeFrame("finish"));
    }
  }

  /** Allows the frames of a response. `HttpDelivery` counts its parts and bytes. */
  #allowResponse(bytes: number): void {
    this.#allowance += Math.ceil(bytes / HTTP_LIMITS.chunkFee);
    this.#byteAllowance += bytes;
  }

  async ping(timeout: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`No pong within ${timeout} ms`)), timeout);
      this.#onPong = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#allowance += 1;
      this.#byteAllowance += SMALL_FRAME;
      this.#socket.write(encodeFrame("ping"));
    });
  }

  /** Lets a stopped job send its artifacts, or has it answer without them. */
  take(ended: boolean): void {
    if (this.#socket.writable)
      this.#socket.write(encodeFrame("take", { ended } satisfies TakeHeader));
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Uint8Array, onHello: () => void): void {
    try {
      this.#byteAllowance -= chunk.length;
      if (this.#byteAllowance < 0) throw new FrameError("More bytes than there is reason for");
      for (const frame of this.#decoder.push(chunk)) {
        this.#allowance -= 1;
        if (this.#allowance < 0) throw new FrameError("More frames than there is reason for");
        this.#handle(frame, onHello);
      }
    } catch (thrown) {
      if (thrown instanceof DeliveryError) {
        this.#end({ type: "error", fault: thrown.fault, dropped: 0 });
      }
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
      case "prepared":
        this.#onPrepared?.();
        break;
      case "renewed":
        this.#onRenewed?.();
        break;
      case "log":
        if (this.#running !== undefined) forwardLog(frame, this.#running);
        break;
      case "channel":
        if (this.#running !== undefined) forwardChannel(frame, this.#running);
        break;
      case "call":
        forwardCall(frame, this.#running);
        break;
      case "artifact":
        forwardArtifact(frame, this.#running);
        break;
      case "stopped":
        this.#running?.events.onStopped?.();
        break;
      case "lingering":
        this.#running?.events.onLingering?.();
        break;
      case "head":
        this.#running?.events.delivery?.head(frame.header);
        break;
      case "chunk":
        this.#running?.events.delivery?.chunk(frame.payload);
        break;
      case "socket":
        this.#running?.events.delivery?.socket(readSocket(frame));
        break;
      case "declined":
        this.#end({ type: "declined" });
        break;
      case "result":
        this.#end({ type: "result", ...readResult(frame) });
        break;
      case "error":
        this.#end({ type: "error", ...readError(frame) });
        break;
    }
  }

  /**
   * Ends the running job with the sandbox's first final message. A second one finds no running job.
   */
  #end(ending: Ending): void {
    const running = this.#running;
    this.#running = undefined;
    // The sandbox may send nothing more until its next job; one that does is closed.
    this.#allowance = 0;
    this.#byteAllowance = 0;
    this.#loaded = "reusable" in ending && ending.reusable === true;
    running?.end(withDropped(ending, running));
  }
}

/** Adds the bytes of long code, which is encoded once, and not for each of its executions. */
function withBytes(job: SandboxJob): SandboxJob & { readonly codeBytes?: Uint8Array } {
  if (job.code.length < LONG_CODE) return job;
  return { ...job, codeBytes: encoded.get(job.code, (text) => encoder.encode(text)) };
}

/** Adds the entries dropped here to the sandbox's count. */
function withDropped(ending: Ending, { droppedHere }: Running): Ending {
  return "dropped" in ending ? { ...ending, dropped: ending.dropped + droppedHere } : ending;
}

/** Selects the grants that the sandbox is told. */
function grantsOf({ grants }: SandboxJob): Grants | undefined {
  return grants && { worker: grants.worker, env: grants.env, proxy: grants.egress !== null };
}

function forwardLog(frame: Frame, running: Running): void {
  const { limits } = running.job;
  const full = running.logs >= limits.logEntries || running.logBytes >= limits.logBytes;
  if (full && frame.header.dropped === undefined) {
    running.droppedHere += 1;
    tellDropped(running);
    return;
  }
  const log = readLog(frame);
  if ("dropped" in log) {
    running.droppedThere = log.dropped;
    tellDropped(running);
    return;
  }
  running.logs += 1;
  running.logBytes += frame.payload.length;
  running.events.onLog({ ...log, timestamp: Date.now() });
}

function tellDropped({ events, droppedThere, droppedHere }: Running): void {
  events.onLog({ dropped: droppedThere + droppedHere });
}

function forwardChannel(frame: Frame, { events }: Running): void {
  const request = events.onChannel && readChannel(frame);
  if (request !== undefined) events.onChannel?.(request);
}

function forwardCall(frame: Frame, running: Running | undefined): void {
  const call = running?.events.onCall && readCall(frame);
  if (call !== undefined) running?.events.onCall?.(call);
}

function forwardArtifact(frame: Frame, running: Running | undefined): void {
  const claim = running?.events.onArtifact && readArtifact(frame);
  if (claim !== undefined) running?.events.onArtifact?.(claim, frame.payload);
}

function tooLarge(running: Running | undefined): Ending {
  const message = `The result exceeds ${running?.job.limits.resultBytes ?? 0} bytes`;
  return { type: "error", fault: { name: "OutputLimitError", message }, dropped: 0 };
}
