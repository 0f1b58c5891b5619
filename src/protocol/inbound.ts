/**
 * Reads messages of a sandbox. Their content is untrusted. Each field is taken only with the right
 * type and size, and nothing is merged into an object of ours.
 */
import { type ArtifactClaim, isFilePath, OMISSIONS } from "./exchanged-files.ts";
import { readFault } from "./fault.ts";
import type { Frame } from "./frames.ts";
import { CHANNEL_LIMITS, clip, MAX_FAULT_PARTS, MAX_LOG_MESSAGE } from "./limits.ts";
import {
  type ChannelRequest,
  CONSOLE_LEVELS,
  type ConsoleLevel,
  type Fault,
  type OutputStream,
} from "./messages.ts";
import { isCloseCode, SOCKET_LIMITS, type SocketPart } from "./socket.ts";
import { readUngranted } from "./ungranted.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Reads a log entry's level, message and stream, or the number of entries dropped so far. */
export function readLog(
  frame: Frame,
): { level: ConsoleLevel; message: string; stream?: OutputStream } | { dropped: number } {
  if (frame.header.dropped !== undefined) return { dropped: readCount(frame.header.dropped) };
  const level = CONSOLE_LEVELS.find((known) => known === frame.header.level) ?? "log";
  const message = clip(decoder.decode(frame.payload), MAX_LOG_MESSAGE);
  const stream = streamOf(frame.header.stream);
  return { level, message, ...(stream && { stream }) };
}

/** Returns the name of a stream that a sandbox claims, or `undefined` for anything else. */
export function streamOf(claim: unknown): OutputStream | undefined {
  // Called in workers, too, where code may have replaced the methods of arrays.
  return claim === "stdout" || claim === "stderr" ? claim : undefined;
}

/** Reads the result as JSON text, or `undefined`, and its binary part. Neither is checked yet. */
export function readResult({ header, payload }: Frame): {
  text: string | undefined;
  binary?: Uint8Array;
} & End {
  const textBytes = Math.max(0, payload.length - readCount(header.binaryBytes));
  const binary = payload.subarray(textBytes);
  const bytes = payload.subarray(0, textBytes);
  const text = header.hasResult === true ? decoder.decode(bytes) : undefined;
  return { text, ...(binary.length > 0 && { binary }), ...readEnd(header) };
}

/** Reads a fault. The header has its words, and the payload its other parts as JSON. */
export function readError({ header, payload }: Frame): {
  fault: Fault;
} & End {
  const { name, message, stack } = header;
  return { fault: readFault({ ...readParts(payload), name, message, stack }), ...readEnd(header) };
}

function readParts(payload: Uint8Array): object {
  if (payload.length === 0 || payload.length > MAX_FAULT_PARTS) return {};
  try {
    const { cause, errors, details, truncated } = JSON.parse(decoder.decode(payload)) ?? {};
    return { cause, errors, details, truncated };
  } catch {
    return {};
  }
}

/** Fields of every final message. */
interface End {
  dropped: number;
  reusable?: boolean;
  ungranted?: readonly string[];
}

function readEnd({ dropped, reusable, ungranted }: Frame["header"]): End {
  const names = readUngranted(ungranted);
  return {
    dropped: readCount(dropped),
    ...(reusable === true && { reusable }),
    ...(names.length > 0 && { ungranted: names }),
  };
}

/** Reads what is claimed of an artifact, or `undefined` for what our runner never sends. */
export function readArtifact({ header }: Frame): ArtifactClaim | undefined {
  const { path, omitted, more, unsearched } = header;
  if (path === undefined) return { more: readCount(more), unsearched: unsearched === true };
  if (typeof path !== "string" || !isFilePath(path)) return undefined;
  if (omitted === undefined) return { path };
  const reason = OMISSIONS.find((known) => known === omitted);
  return reason && { path, omitted: reason };
}

/** Reads a request to the channel, or `undefined` for one that our runner never sends. */
export function readChannel({ header, payload }: Frame): ChannelRequest | undefined {
  const { op, topic } = header;
  if (op === "taken") return { op };
  if (!isTopic(topic)) return undefined;
  if (op === "on" || op === "off") return { op, topic };
  if (op !== "emit" || payload.length > CHANNEL_LIMITS.textBytes) return undefined;
  const text = decoder.decode(payload);
  return isJson(text) ? { op, topic, text } : undefined;
}

/** Reads what code does with its WebSocket, or `undefined` for what our runner never sends. */
export function readSocket({ header, payload }: Frame): SocketPart | undefined {
  const { op, text, last, code, reason } = header;
  if (op === "taken") return { op };
  if (op === "piece") return { op, bytes: payload, text: text === true, last: last === true };
  if (op !== "close" || typeof reason !== "string" || typeof code !== "number") return undefined;
  const isShort = encoder.encode(reason).length <= SOCKET_LIMITS.reasonBytes;
  return isShort && isCloseCode(code) ? { op, code, reason } : undefined;
}

function isTopic(value: unknown): value is string {
  return (
    typeof value === "string" && value.length > 0 && value.length <= CHANNEL_LIMITS.topicLength
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function readCount(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
}
