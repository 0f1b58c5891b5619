import { BadRequest, PayloadTooLarge, UnsupportedMediaType } from "../../../src/base/errors.ts";
import { LARGE, parseJson } from "../json-thread/body-text.ts";
import type { JsonThread } from "../json-thread/json-thread.ts";
import type { BodyShare } from "./budget.ts";
import { GrowingBytes } from "./growing-bytes.ts";
import type { PaceLimits } from "./pace.ts";
import { type BodySource, eachChunk } from "./source.ts";

/** Chunks that a body of any size may have. */
const ANY_CHUNKS = 10_000;
/** Bytes that each further chunk must have on average. */
const MIN_CHUNK = 64;

/** Type of a patch, which browsers ask for, too. */
const MERGE_PATCH = /^application\/merge-patch\+json\s*(;|$)/i;

export interface ReadOptions {
  readonly maxBytes: number;
  readonly share: Pick<BodyShare, "add">;
  readonly pace?: PaceLimits | undefined;
}

export interface JsonOptions extends ReadOptions {
  /** Thread that reads large bodies, in turns of the owners. */
  readonly thread: Pick<JsonThread, "read">;
  readonly owner: string;
}

/**
 * Reads a request's body as JSON, at most `maxBytes` of it. In a large one, `input` is a
 * `JsonText`.
 *
 * @throws {UnsupportedMediaType} If it is not declared as uncompressed JSON.
 * @throws {PayloadTooLarge} If it is too large, or would take seconds to parse.
 * @throws {BadRequest} If it is no JSON. It also throws as `readBytes()`.
 */
export async function readJson(source: BodySource, options: JsonOptions): Promise<unknown> {
  const { headers, method } = source.request;
  // This also stops web pages: for JSON, browsers ask us first; for a form's types they do not.
  const type = headers.get("content-type") ?? "";
  const isPatch = method === "PATCH" && MERGE_PATCH.test(type);
  if (!isPatch && !/^application\/json\s*(;|$)/i.test(type)) {
    throw new UnsupportedMediaType("Send Content-Type: application/json");
  }
  if ((headers.get("content-encoding") ?? "identity") !== "identity") {
    throw new UnsupportedMediaType("Compressed bodies are not accepted");
  }
  const bytes = await readBytes(source, options);
  return bytes.length < LARGE ? parseJson(bytes) : options.thread.read(options.owner, bytes);
}

/** Reads a whole body. It throws as `eachCounted()`. */
export async function readBytes(source: BodySource, options: ReadOptions): Promise<Uint8Array> {
  const bytes = new GrowingBytes(options.maxBytes);
  await eachCounted(source, options, (chunk) => bytes.add(chunk));
  return bytes.take();
}

/**
 * Passes each chunk of a body to `take`, at most `maxBytes` in all. Counts the bytes in `share` as
 * they arrive. A chunk is not kept after `take` returns. An error of `take` is thrown, too.
 *
 * @throws {PayloadTooLarge} If it has more than `maxBytes`.
 * @throws {BadRequest} If it has far more chunks than its bytes explain.
 * @throws {HostBusy} If there is no room for its bytes.
 * @throws {HttpProblem} 408 if it arrives too slowly.
 * @throws {Aborted} If the connection ends before it.
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
    // Handling a chunk costs as much as some hundred bytes, however small it is.
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
