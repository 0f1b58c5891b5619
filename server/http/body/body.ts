import { BadRequest, PayloadTooLarge, UnsupportedMediaType } from "../../../src/base/errors.ts";
import { LARGE, parseJson } from "../json-thread/body-text.ts";
import type { JsonThread } from "../json-thread/json-thread.ts";
import type { BodyShare } from "./budget.ts";
import { GrowingBytes } from "./growing-bytes.ts";
import type { PaceLimits } from "./pace.ts";
import { type BodySource, eachChunk } from "./source.ts";

/** Chunks that a body of any size may arrive in. */
const ANY_CHUNKS = 10_000;
/** Bytes that each further chunk has to bring, on average. */
const MIN_CHUNK = 64;

export interface ReadOptions {
  readonly maxBytes: number;
  readonly share: Pick<BodyShare, "add">;
  readonly pace?: PaceLimits | undefined;
}

export interface JsonOptions extends ReadOptions {
  /** Reads the large ones, `owner` by `owner`. */
  readonly thread: Pick<JsonThread, "read">;
  readonly owner: string;
}

/**
 * Reads a request's body as JSON, never more than `maxBytes` of it. A large one has its `input` as
 * `JsonText`. Rejects with `UnsupportedMediaType`, `PayloadTooLarge`, `BadRequest`, and as `readBytes()`.
 */
export async function readJson(source: BodySource, options: JsonOptions): Promise<unknown> {
  const { headers } = source.request;
  // Also what keeps a web page from posting here: other types need no permission of ours.
  if (!/^application\/json\s*(;|$)/i.test(headers.get("content-type") ?? "")) {
    throw new UnsupportedMediaType("Send Content-Type: application/json");
  }
  if ((headers.get("content-encoding") ?? "identity") !== "identity") {
    throw new UnsupportedMediaType("Compressed bodies are not accepted");
  }
  const bytes = await readBytes(source, options);
  return bytes.length < LARGE ? parseJson(bytes) : options.thread.read(options.owner, bytes);
}

/** Reads a body whole. Rejects as `eachCounted()`. */
export async function readBytes(source: BodySource, options: ReadOptions): Promise<Uint8Array> {
  const bytes = new GrowingBytes(options.maxBytes);
  await eachCounted(source, options, (chunk) => bytes.add(chunk));
  return bytes.take();
}

/**
 * Hands each chunk of a body to `take`, never more than `maxBytes` of it, and counts them in `share` as they
 * arrive; a chunk is gone once `take` returns. Rejects with `PayloadTooLarge`, with `BadRequest` for far more
 * chunks than its bytes explain, with `HostBusy` if there is no room, with 408 for a body that arrives too
 * slowly, with `Aborted` for one that breaks off, and with what `take` throws.
 */
export async function eachCounted(
  source: BodySource,
  { maxBytes, share, pace }: ReadOptions,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  if (Number(source.request.headers.get("content-length") ?? 0) > maxBytes) {
    throw tooLarge(maxBytes);
  }
  let size = 0;
  let chunks = 0;
  const counted = (chunk: Uint8Array): void => {
    size += chunk.length;
    chunks += 1;
    if (size > maxBytes) throw tooLarge(maxBytes);
    // Each takes as long as some hundred bytes do, however small it is.
    if (chunks > ANY_CHUNKS + size / MIN_CHUNK) throw tooMany();
    share.add(chunk.length);
    take(chunk);
  };
  await eachChunk(source, counted, pace);
}

function tooLarge(maxBytes: number): PayloadTooLarge {
  return new PayloadTooLarge("", `The body exceeds the limit of ${maxBytes} bytes`);
}

function tooMany(): BadRequest {
  return new BadRequest("", "The body arrives in too many chunks for its size; send larger ones");
}
