import { FILE_LIMITS, type WantedArtifacts } from "../../protocol/exchanged-files.ts";
import {
  CHANNEL_LIMITS,
  FRAME_OVERHEAD,
  MAX_LOG_MESSAGE,
  maxFrameBytes,
  type OutputLimits,
} from "../../protocol/limits.ts";

/** Frames of a run besides its log entries: counts of dropped ones, and the final message. */
export const EXTRA_FRAMES = 64;

/** Frames of a run that uses the channel, besides one for each message sent to it. */
export const CHANNEL_FRAMES = CHANNEL_LIMITS.emits + 2 * CHANNEL_LIMITS.subscriptions;

/** Bytes of a frame without a payload. */
export const SMALL_FRAME = 2_048;
/** Bytes of all such frames that are not counted singly. */
export const SMALL_FRAMES = EXTRA_FRAMES * SMALL_FRAME;

/**
 * Returns the most bytes of an honest sandbox: its result, its log in UTF-8, its messages, and
 * their headers.
 */
export function bytesOfRun(limits: OutputLimits, usesChannel: boolean): number {
  const logs = limits.logBytes * 4 + MAX_LOG_MESSAGE * 4 + limits.logEntries * SMALL_FRAME;
  const messages = usesChannel
    ? CHANNEL_FRAMES * SMALL_FRAME + CHANNEL_LIMITS.emits * CHANNEL_LIMITS.textBytes
    : 0;
  return maxFrameBytes(limits) + logs + messages + SMALL_FRAMES;
}

/** Returns the most frames for artifacts, and the most bytes of them all. */
export function ofArtifacts({ most, bytes }: WantedArtifacts): { frames: number; bytes: number } {
  const frames = most + FILE_LIMITS.omitted + 1;
  return { frames, bytes: bytes + frames * SMALL_FRAME };
}

/** Returns the most bytes of one frame of a job. */
export function mostOfFrame(limits: OutputLimits, wanted: WantedArtifacts | undefined): number {
  const most = maxFrameBytes(limits);
  return wanted === undefined ? most : Math.max(most, wanted.bytes + FRAME_OVERHEAD);
}
