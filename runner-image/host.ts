/**
 * The sandbox's first process. It dials the control socket, keeps one worker ready, and relays
 * messages. It checks only the size of the worker's messages, and it ends with the socket.
 */

import { DATABASE_SOCKET } from "../src/protocol/database.ts";
import { EGRESS_SOCKET } from "../src/protocol/egress-admin.ts";
import { partsOf, readFault } from "../src/protocol/fault.ts";
import { encodeFrame, type Frame, FrameDecoder } from "../src/protocol/frames.ts";
import type { Grants, WorkerGrant } from "../src/protocol/grants.ts";
import type { HostSettings, Removal } from "../src/protocol/host-settings.ts";
import { streamOf } from "../src/protocol/inbound.ts";
import { decodeJob, encodeJob, filesOf, grantsOf } from "../src/protocol/job-frame.ts";
import {
  FRAME_OVERHEAD,
  MAX_FAULT_PARTS,
  MAX_JOB_BYTES,
  MAX_LOG_MESSAGE,
  type OutputLimits,
} from "../src/protocol/limits.ts";
import type {
  Fault,
  PrepareHeader,
  RenewHeader,
  TakeHeader,
  WorkerJob,
  WorkerMessage,
} from "../src/protocol/messages.ts";
import { readUngranted } from "../src/protocol/ungranted.ts";
import { CallRelay } from "./call-relay.ts";
import { ChannelRelay } from "./channel-relay.ts";
import { LeftFiles } from "./left-files.ts";
import { PRIMING_ROUNDS, primingJob } from "./priming.ts";
import {
  emptyScratch,
  hidePath,
  isSqliteUnchanged,
  MadeUrls,
  ProcessVariables,
} from "./residue.ts";
import { ResponseRelay } from "./response-relay.ts";
import { SPARE_ROUNDS, Spare } from "./spare.ts";
import { Ways } from "./ways.ts";
import { type WorkerEvents, WorkerLine, WorkerLines } from "./worker-line.ts";
import { permissionsOf, withSocket } from "./worker-options.ts";

/**
 * Permissions of workers without grants, set at build time. Tests of the outer layer set "inherit".
 */
declare const WORKER_PERMISSIONS: Deno.PermissionOptions;

/** Removals that are left out between two executions of a tenant, set at build time. Only for tests. */
declare const LEFT_OUT: readonly Removal[];

/** Most bytes read at a time: as many as the kernel holds for a socket. */
const READ_BYTES = 212_992;
const NO_BYTES = new Uint8Array(0);
const encoder = new TextEncoder();

type WorkerResult = Extract<WorkerMessage, { type: "result" }>;
type WorkerError = Extract<WorkerMessage, { type: "error" }>;

const [settingsText, socketPath] = Deno.args.slice(-2);
if (socketPath === undefined || settingsText === undefined) {
  throw new Error("Usage: host.js [hurried] SETTINGS SOCKET");
}
const isHurried = Deno.args.length > 2;
const { variables: names, scratch } = JSON.parse(settingsText) as HostSettings;

hidePath();
const databaseSocket = beside(DATABASE_SOCKET);

const connection = await Deno.connect({ transport: "unix", path: socketPath });
/** Number of priming jobs still to run. Negative once the sandbox serves real jobs. */
let primingLeft = isHurried ? 0 : PRIMING_ROUNDS;
let written: Promise<unknown> = Promise.resolve();
let calls = new CallRelay();
let channel = new ChannelRelay();
let response = new ResponseRelay();
let limits: OutputLimits | undefined;
/** True while a job runs. Messages of the worker between two jobs are ignored. */
let running = false;
/** True once this sandbox refuses further jobs. */
let declined = false;
/** True if the current job's code may be called again. `loaded`: an earlier job has loaded it. */
let [reuse, loaded] = [false, false];
let logEntries = 0;
let logBytes = 0;

const variables = new ProcessVariables(names);
const urls = new MadeUrls();
const left = new LeftFiles(send);
const ways = new Ways(beside(EGRESS_SOCKET));
/** Lines to all workers that may still be there. */
const lines = new WorkerLines();
/** True once the worker of `line` has been given a job of the control plane's. */
let used = false;
/** Permissions of the last job's worker. */
let lastGrant: WorkerGrant | undefined;

// Created last, because the first message of the worker uses everything above.
const events: WorkerEvents = {
  onMessage: relay,
  onCrash: (message) => {
    if (running) sendFault({ name: "CrashError", message }, 0);
    else decline();
  },
};
let line = plainLine();
let spare: Spare | undefined;
/** A job that waits until its own worker has started. */
let awaitingWorker: WorkerJob | undefined;

const input = new FrameDecoder(MAX_JOB_BYTES + FRAME_OVERHEAD);
const buffer = new Uint8Array(READ_BYTES);
for (;;) {
  const count = await connection.read(buffer).catch(() => null);
  if (count === null) Deno.exit(0);
  for (const frame of input.push(buffer.subarray(0, count))) receive(frame);
}

/**
 * Runs throw-away jobs in the same way as real ones. So the first real job finds code, loader and
 * transpiler warm. Sends `hello` when the last one has ended.
 */
function prime(): void {
  primingLeft -= 1;
  if (primingLeft < 0) {
    send(encodeFrame("hello"));
    return;
  }
  for (const frame of input.push(encodeJob(primingJob(primingLeft)))) receive(frame);
}

/** Returns the path of a socket in the slot's directory. The socket exists only during a job. */
function beside(name: string): string {
  return socketPath.replace(/[^/]*$/, name);
}

function receive(frame: Frame): void {
  if (frame.type === "ping") send(encodeFrame("pong"));
  if (frame.type === "prepare") {
    const { worker } = frame.header as unknown as PrepareHeader;
    const onReady = (): void => send(encodeFrame("prepared"));
    spare = makeSpare(worker, SPARE_ROUNDS, onReady);
  }
  if (frame.type === "take") left.take(frame.header as unknown as TakeHeader);
  if (frame.type === "renew") void renew(frame.header as unknown as RenewHeader);
  if (frame.type === "job" && !declined) start(begin(frame), grantsOf(frame));
  if (frame.type === "call" && running) line.answer(calls.inbound(frame));
  if (frame.type === "channel") line.send(channel.inbound(frame));
  if (frame.type === "finish" && running) line.send({ type: "finish" });
  if (frame.type === "credit") line.send(response.inbound(frame));
  if (frame.type === "socket" && running) line.send(response.socketIn(frame));
}

/**
 * Starts a job. A worker's permissions are fixed when it is made, so a job with grants gets a new
 * worker. Unused workers stay idle until the sandbox ends, because ending one costs more than most
 * jobs take.
 */
function start(job: WorkerJob, grants: Grants | undefined): void {
  const prepared = spare;
  spare = undefined;
  const again = loaded;
  loaded = job.reuse === true;
  // A repeated job has its worker and its sockets already.
  if (again) {
    line.send(job);
    return;
  }
  lastGrant = grants?.worker;
  if (grants === undefined) {
    if (used && primingLeft < 0) line = plainLine();
    used = primingLeft < 0;
    line.send(job);
    return;
  }
  used = true;
  variables.set(grants.env);
  const { worker, proxy } = grants;
  awaitingWorker = proxy
    ? { ...job, tunnels: ways.open(worker, (refused) => line.send(refused)) }
    : job;
  if (prepared?.fits(worker)) line = prepared.take(relay);
  else line = lines.add(new WorkerLine(optionsOf(worker), events, worker.hrtime));
}

function plainLine(): WorkerLine {
  return lines.add(new WorkerLine(WORKER_PERMISSIONS, events));
}

function makeSpare(worker: WorkerGrant, rounds: number, onReady: () => void): Spare {
  const { onCrash } = events;
  const made = new Spare(worker, optionsOf(worker), { onReady, onCrash }, rounds);
  lines.add(made.line);
  return made;
}

/**
 * Does a step between two executions of a tenant. The control plane asks for the second one when it
 * has seen that no worker is left. A sandbox that cannot be made clean ends.
 */
async function renew({ step }: RenewHeader): Promise<void> {
  const does = (removal: Removal): boolean => !LEFT_OUT.includes(removal);
  running = false;
  if (step === "end") {
    if (does("workers")) lines.end();
    if (does("ways")) ways.close();
    send(encodeFrame("renewed"));
    return;
  }
  lines.close();
  if (does("environment")) variables.restore();
  try {
    const told = !does("urls") || urls.revoke();
    const isEmpty = scratch === undefined || !does("files") || emptyScratch(scratch);
    const unchanged = !does("sqlite") || (await isSqliteUnchanged());
    if (!told || !isEmpty || !unchanged) Deno.exit(0);
  } catch {
    Deno.exit(0);
  }
  loaded = false;
  reuse = false;
  used = lastGrant !== undefined;
  awaitingWorker = undefined;
  // Most requests of a tenant ask for what its last one did.
  if (lastGrant === undefined) line = plainLine();
  else spare = makeSpare(lastGrant, 0, () => {});
  send(encodeFrame("renewed"));
}

function optionsOf(worker: WorkerGrant): Deno.PermissionOptions {
  if (WORKER_PERMISSIONS === "inherit") return "inherit";
  return permissionsOf(worker, databaseSocket);
}

/** Decodes a job from its frame and resets the counters of its output. */
function begin(frame: Frame): WorkerJob {
  const job = decodeJob(frame);
  limits = job.limits;
  left.begin(filesOf(frame));
  running = true;
  reuse = job.reuse === true;
  calls = new CallRelay(job.tools);
  channel = new ChannelRelay();
  response = new ResponseRelay(job.httpRequest);
  logEntries = 0;
  logBytes = 0;
  return { ...job, tools: job.tools.map((use) => withSocket(use, databaseSocket)) };
}

/**
 * Relays a message of the worker. Enforces the limits again: code may have taken over the worker.
 */
function relay(message: WorkerMessage): void {
  if (message.type === "url") {
    urls.note(message.url, message.gone);
    return;
  }
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
      const stream = streamOf(message.stream);
      send(encodeFrame("log", { level: message.level, stream }, payload));
      break;
    }
    case "lingering":
      send(encodeFrame("lingering"));
      break;
    case "dropped":
      send(encodeFrame("log", { dropped: message.count }));
      break;
    case "call":
      pass(calls.outbound(message));
      break;
    case "channel":
      pass(channel.outbound(message));
      break;
    case "head":
    case "chunk":
      pass(response.outbound(message));
      break;
    case "socket":
      pass(response.socketOut(message));
      break;
    case "result":
      afterArtifacts(() => sendResult(message));
      if (primingLeft >= 0) prime();
      break;
    case "error":
      afterArtifacts(() => sendError(message));
      break;
  }
}

/** Sends a frame, unless its message has exceeded a limit. */
function pass(frame: Uint8Array | undefined): void {
  if (frame !== undefined) send(frame);
}

/** Answers at once, or after all workers have ended and the job's artifacts are sent. */
function afterArtifacts(answer: () => void): void {
  if (!left.hold(answer)) {
    answer();
    return;
  }
  running = false;
  lines.end();
}

/** Tells whether the worker can run the code again. A lie spoils only its own next answer. */
function isReusable({ reusable }: { readonly reusable?: boolean }): boolean {
  return reuse && reusable === true;
}

/** Declines this and later jobs. The pending one was not started, so it may run elsewhere. */
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
    const header = {
      hasResult: text !== undefined,
      binaryBytes: binary.length,
      dropped,
      reusable,
      ...ungrantedOf(result),
    };
    send(encodeFrame("result", header, payload, binary));
  } else {
    sendFault(
      { name: "OutputLimitError", message: `The result exceeds ${most} bytes` },
      dropped,
      reusable,
    );
  }
}

function sendError(error: WorkerError): void {
  sendFault(error.fault, error.dropped, isReusable(error), ungrantedOf(error));
}

/** Returns the variables that the worker claims its code has asked for. */
function ungrantedOf({ ungranted }: { readonly ungranted?: unknown }): object {
  const names = readUngranted(ungranted);
  return names.length > 0 ? { ungranted: names } : {};
}

function sendFault(claim: Fault, claimedDropped: number, reusable = false, more = {}): void {
  running = false;
  const dropped = typeof claimedDropped === "number" ? claimedDropped : 0;
  const fault = readFault(claim);
  const { name, message, stack } = fault;
  const parts = partsOf(fault);
  const payload = parts === undefined ? NO_BYTES : encoder.encode(JSON.stringify(parts));
  const fits = payload.length <= MAX_FAULT_PARTS;
  const header = { name, message, stack, dropped, reusable, ...more };
  send(encodeFrame("error", header, fits ? payload : NO_BYTES));
}

function send(frame: Uint8Array): void {
  if (primingLeft >= 0) return;
  written = written.then(() => writeAll(frame)).catch(() => Deno.exit(0));
}

async function writeAll(frame: Uint8Array): Promise<void> {
  for (let sent = 0; sent < frame.length; ) sent += await connection.write(frame.subarray(sent));
}
