import { CALL_LIMITS, CALLS_TOOL } from "../../protocol/calls.ts";
import { FILE_LIMITS, type WantedArtifacts } from "../../protocol/exchanged-files.ts";
import {
  CHANNEL_LIMITS,
  FRAME_OVERHEAD,
  MAX_LOG_MESSAGE,
  maxFrameBytes,
  type OutputLimits,
} from "../../protocol/limits.ts";
import type { SandboxJob } from "../contract/contract.ts";

/** Frames of a run besides its log entries: counts of dropped ones, and the final message. */
const EXTRA_FRAMES = 64;

/** Frames of a run that uses the channel, besides one for each message sent to it. */
const CHANNEL_FRAMES = CHANNEL_LIMITS.emits + 2 * CHANNEL_LIMITS.subscriptions;

/** Bytes of a frame without a payload. */
export const SMALL_FRAME = 2_048;
/** Bytes of all such frames that are not counted singly. */
export const SMALL_FRAMES = EXTRA_FRAMES * SMALL_FRAME;

/** Frames that a sandbox may send, and bytes of them all. */
interface Allowance {
  readonly frames: number;
  readonly bytes: number;
}

/** Returns what an honest sandbox sends at most for a job, beside its response and answers to what it is sent. */
export function allowanceOf({ limits, tools, files }: SandboxJob): Allowance {
  const usesChannel = tools.some(({ name }) => name === "channel");
  let frames = limits.logEntries + EXTRA_FRAMES + (usesChannel ? CHANNEL_FRAMES : 0);
  let bytes = bytesOfRun(limits, usesChannel);
  if (tools.some(({ name }) => name === CALLS_TOOL)) {
    frames += CALL_LIMITS.atOnce;
    bytes += CALL_LIMITS.bytesAtOnce + CALL_LIMITS.atOnce * SMALL_FRAME;
  }
  if (files?.wanted !== undefined) {
    const more = ofArtifacts(files.wanted);
    frames += more.frames;
    bytes += more.bytes;
  }
  return { frames, bytes };
}

/**
 * Returns the most bytes of an honest sandbox: its result, its log in UTF-8, its messages, and
 * their headers.
 */
function bytesOfRun(limits: OutputLimits, usesChannel: boolean): number {
  const logs = limits.logBytes * 4 + MAX_LOG_MESSAGE * 4 + limits.logEntries * SMALL_FRAME;
  const messages = usesChannel
    ? CHANNEL_FRAMES * SMALL_FRAME + CHANNEL_LIMITS.emits * CHANNEL_LIMITS.textBytes
    : 0;
  return maxFrameBytes(limits) + logs + messages + SMALL_FRAMES;
}

/** Returns the most frames for artifacts, and the most bytes of them all. */
function ofArtifacts({ most, bytes }: WantedArtifacts): Allowance {
  const frames = most + FILE_LIMITS.omitted + 1;
  return { frames, bytes: bytes + frames * SMALL_FRAME };
}

/** Returns the most bytes of one frame of a job. */
export function mostOfFrame(limits: OutputLimits, wanted: WantedArtifacts | undefined): number {
  const most = maxFrameBytes(limits);
  return wanted === undefined ? most : Math.max(most, wanted.bytes + FRAME_OVERHEAD);
}
