/**
 * The sandbox's first process: dials the control socket it is given, keeps one worker ready, and
 * relays. It never interprets what the worker says beyond its size, and it ends with the socket.
 */

import { DATABASE_SOCKET, type DatabaseToolConfig } from "../src/protocol/database.ts";
import { EGRESS_SOCKET } from "../src/protocol/egress-admin.ts";
import { encodeFrame, type Frame, FrameDecoder } from "../src/protocol/frames.ts";
import type { Grants, WorkerGrant, WorkerPermissions } from "../src/protocol/grants.ts";
import { decodeJob, encodeJob, grantsOf } from "../src/protocol/job.ts";
import {
  FRAME_OVERHEAD,
  MAX_JOB_BYTES,
  MAX_LOG_MESSAGE,
  type OutputLimits,
} from "../src/protocol/limits.ts";
import type { PrepareHeader, ToolUse, WorkerJob, WorkerMessage } from "../src/protocol/messages.ts";
import { tunnelsOf } from "../src/protocol/tunnels.ts";
import { ChannelRelay } from "./channel-relay.ts";
import { openForwarder } from "./forwarder.ts";
import { PRIMING_ROUNDS, primingJob } from "./priming.ts";
import { ResponseRelay } from "./response-relay.ts";
import { Spare } from "./spare.ts";
import { openTunnels } from "./tunnels.ts";
import { type WorkerEvents, WorkerLine } from "./worker-line.ts";

/** Set at build time. The tests of the outer layer alone build a runner that says "inherit". */
declare const WORKER_PERMISSIONS: Deno.PermissionOptions;

/** Where the bundle has what the tool consists of. */
const DATABASE_MODULES = new URL("./database", import.meta.url).pathname;
const NO_BYTES = new Uint8Array(0);
const encoder = new TextEncoder();

type WorkerResult = Extract<WorkerMessage, { type: "result" }>;

const [socketPath] = Deno.args;
if (socketPath === undefined) throw new Error("Usage: host.js SOCKET");

const databaseSocket = beside(DATABASE_SOCKET);

const connection = await Deno.connect({ transport: "unix", path: socketPath });
/** Priming jobs still to come; negative once the sandbox is somebody else's. */
let primingLeft = PRIMING_ROUNDS;
let written: Promise<unknown> = Promise.resolve();
let channel = new ChannelRelay();
let response = new ResponseRelay();
let limits: OutputLimits | undefined;
/** Whether a job is on: between two of them, what the worker says is nobody's. */
let running = false;
/** Whether no job is called here any more. */
let declined = false;
/** Whether the job's code may be called again, and whether a job has had it loaded. */
let reuse = false;
let loaded = false;
let logEntries = 0;
let logBytes = 0;

// After all that its first words need is there.
const events: WorkerEvents = {
  onMessage: relay,
  onCrash: (message) => {
    if (running) sendFault({ name: "CrashError", message }, 0);
    else decline();
  },
};
let line = new WorkerLine(WORKER_PERMISSIONS, events);
let spare: Spare | undefined;
/** A job whose own worker is on its way. */
let awaitingWorker: WorkerJob | undefined;

const input = new FrameDecoder(MAX_JOB_BYTES + FRAME_OVERHEAD);
const buffer = new Uint8Array(65_536);
for (;;) {
  const count = await connection.read(buffer).catch(() => null);
  if (count === null) Deno.exit(0);
  for (const frame of input.push(buffer.subarray(0, count))) receive(frame);
}

/**
 * Runs throw-away jobs through the very path a real one takes, so that the first real one meets
 * code, loader and transpiler that are warm. Says `hello` when the last has ended.
 */
function prime(): void {
  primingLeft -= 1;
  if (primingLeft < 0) {
    send(encodeFrame("hello"));
    return;
  }
  for (const frame of input.push(encodeJob(primingJob(primingLeft)))) receive(frame);
}

/** Path of a socket that is there for the time of a job. */
function beside(name: string): string {
  return socketPath.replace(/[^/]*$/, name);
}

function receive(frame: Frame): void {
  if (frame.type === "ping") send(encodeFrame("pong"));
  if (frame.type === "prepare") {
    const { worker } = frame.header as unknown as PrepareHeader;
    const onReady = (): void => send(encodeFrame("prepared"));
    spare = new Spare(worker, optionsOf(worker), { onReady, onCrash: events.onCrash });
  }
  if (frame.type === "job" && !declined) start(begin(frame), grantsOf(frame));
  if (frame.type === "channel") line.send(channel.inbound(frame));
  if (frame.type === "credit") line.send(response.inbound(frame));
}

/**
 * What a worker may do is settled when it is made: a job with grants gets one of its own. Those it
 * does not take stay idle until the sandbox ends: ending them costs more than most jobs take.
 */
function start(job: WorkerJob, grants: Grants | undefined): void {
  const prepared = spare;
  spare = undefined;
  const again = loaded;
  loaded = job.reuse === true;
  // The same code again has its worker and its ways.
  if (grants === undefined || again) {
    line.send(job);
    return;
  }
  for (const [name, value] of Object.entries(grants.env)) Deno.env.set(name, value);
  awaitingWorker = grants.proxy ? { ...job, tunnels: openWays(grants.worker) } : job;
  if (prepared?.fits(grants.worker)) {
    line = prepared.take(relay);
    return;
  }
  line = new WorkerLine(optionsOf(grants.worker), events);
}

/** Opens the ways to the proxy, and tells of those that lead to one target each. */
function openWays({ net }: WorkerPermissions): ReadonlyMap<string, number> {
  const proxySocket = beside(EGRESS_SOCKET);
  const tunnels = tunnelsOf(typeof net === "boolean" ? [] : net);
  openForwarder(proxySocket);
  openTunnels(tunnels, proxySocket);
  return tunnels;
}

function optionsOf({ database, ...permissions }: WorkerGrant): Deno.PermissionOptions {
  if (WORKER_PERMISSIONS === "inherit") return "inherit";
  const worker = database ? withDatabase(permissions) : permissions;
  return worker as Deno.PermissionOptions;
}

/** The socket that leads to the database, and the modules to speak to it with. */
function withDatabase({ net, read, write, ...others }: WorkerPermissions): WorkerPermissions {
  return {
    ...others,
    net: net === true || [...(net || []), `unix:${databaseSocket}`],
    read: [...(read || []), DATABASE_MODULES, databaseSocket],
    write: [...(write || []), databaseSocket],
  };
}

/** The tool is told by whoever is outside how much it may do, and where by the place it is in. */
function withSocket(use: ToolUse): ToolUse {
  if (use.name !== "database") return use;
  const config = use.config as DatabaseToolConfig;
  return { ...use, config: { ...config, connection: { socket: databaseSocket } } };
}

/** The job in a frame, whose output is counted from here on. */
function begin(frame: Frame): WorkerJob {
  const job = decodeJob(frame);
  limits = job.limits;
  running = true;
  reuse = job.reuse === true;
  channel = new ChannelRelay();
  response = new ResponseRelay(job.httpRequest);
  logEntries = 0;
  logBytes = 0;
  return { ...job, tools: job.tools.map(withSocket) };
}

/** The worker keeps to the limits by itself; whoever took it over is held to them here. */
function relay(message: WorkerMessage): void {
  if (!running && message.type !== "ready" && message.type !== "spoiled") return;
  switch (message.type) {
    case "ready":
      if (awaitingWorker === undefined) {
        if (primingLeft >= 0) prime();
      } else {
        line.send(awaitingWorker);
        awaitingWorker = undefined;
      }
      break;
    case "spoiled":
      if (reuse) decline();
      break;
    case "log": {
      const payload = encoder.encode(message.message);
      logEntries += 1;
      logBytes += payload.length;
      const most = (limits?.logBytes ?? 0) * 3 + MAX_LOG_MESSAGE * 3;
      if (logEntries > (limits?.logEntries ?? 0) || logBytes > most) return;
      send(encodeFrame("log", { level: message.level }, payload));
      break;
    }
    case "dropped":
      send(encodeFrame("log", { dropped: message.count }));
      break;
    case "channel": {
      const frame = channel.outbound(message);
      if (frame !== undefined) send(frame);
      break;
    }
    case "head":
    case "chunk": {
      const frame = response.outbound(message);
      if (frame !== undefined) send(frame);
      break;
    }
    case "result":
      sendResult(message);
      if (primingLeft >= 0) prime();
      break;
    case "error":
      sendFault(message.fault, message.dropped, isReusable(message));
      break;
  }
}

/** Whether the worker can be asked again, as it says itself: it is its own next answer's loss. */
function isReusable({ reusable }: { readonly reusable?: boolean }): boolean {
  return reuse && reusable === true;
}

/** Says that no job is called here any more, nor has been that is on its way: it may run elsewhere. */
function decline(): void {
  declined = true;
  running = false;
  send(encodeFrame("declined"));
}

function sendResult(result: WorkerResult): void {
  const { text, binary = NO_BYTES, dropped } = result;
  const reusable = isReusable(result);
  running = false;
  const payload = encoder.encode(text ?? "");
  const most = limits?.resultBytes ?? 0;
  if (payload.length + binary.length <= most) {
    const header = { hasResult: text !== undefined, binaryBytes: binary.length, dropped, reusable };
    send(encodeFrame("result", header, payload, binary));
  } else {
    sendFault(
      { name: "OutputLimitError", message: `The result exceeds ${most} bytes` },
      dropped,
      reusable,
    );
  }
}

function sendFault(fault: object, dropped: number, reusable = false): void {
  running = false;
  const frame = encodeFrame("error", { ...fault, dropped, reusable });
  if (frame.length <= FRAME_OVERHEAD) send(frame);
}

function send(frame: Uint8Array): void {
  if (primingLeft >= 0) return;
  written = written.then(() => writeAll(frame)).catch(() => Deno.exit(0));
}

async function writeAll(frame: Uint8Array): Promise<void> {
  for (let sent = 0; sent < frame.length; ) sent += await connection.write(frame.subarray(sent));
}
