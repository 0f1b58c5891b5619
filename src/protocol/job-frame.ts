import type { JobFiles } from "./exchanged-files.ts";
import { encodeFrame, encodeHead, type Frame } from "./frames.ts";
import type { Grants } from "./grants.ts";
import type { JobHeader, ToolHeader, ToolUse, WorkerJob } from "./messages.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A job as it is sent. The worker does not get its files. */
type SentJob = Omit<WorkerJob, "type"> & { readonly files?: JobFiles | undefined };

/** Bytes of a frame from which its parts are not put together. */
const LARGE_FRAME = 262_144;

/**
 * Encodes the frame of a job. Long parts go into its payload: a header is small, and parsed at
 * once. `codeBytes` are the code in UTF-8, if that is known.
 */
export function encodeJob(job: SentJob, grants?: Grants): Uint8Array {
  const { header, payload } = framed(job, grants);
  return encodeFrame("job", header, ...payload);
}

/** Encodes the same frame in one part, or a large one in several, without a copy of its payload. */
export function encodeJobParts(job: SentJob, grants?: Grants): Uint8Array[] {
  const { header, payload } = framed(job, grants);
  const size = payload.reduce((sum, { length }) => sum + length, 0);
  if (size < LARGE_FRAME) return [encodeFrame("job", header, ...payload)];
  return [encodeHead("job", header, size), ...payload];
}

function framed(job: SentJob, grants: Grants | undefined) {
  const { code, entry, input, tools, attachments = [], limits, result, reuse, httpRequest } = job;
  const { language, moduleUrl, callContext, files, session } = job;
  const payload: Uint8Array[] = [];
  const add = (bytes: Uint8Array): number => payload.push(bytes) && bytes.length;
  const bytesOf = (text: string): number => add(encoder.encode(text));
  const header: JobHeader = {
    entry,
    codeBytes: add(job.codeBytes ?? encoder.encode(code)),
    ...(language && { language }),
    ...(moduleUrl && { moduleUrl }),
    ...(input !== undefined && { inputBytes: bytesOf(input) }),
    ...(callContext !== undefined && { callContext }),
    tools: tools.map(({ name, config, module }): ToolHeader => {
      return module === undefined
        ? { name, config }
        : { name, config, moduleBytes: bytesOf(module) };
    }),
    ...(attachments.length > 0 && { attachmentBytes: attachments.map(({ length }) => length) }),
    limits,
    ...(result !== undefined && { result }),
    ...(reuse && { reuse }),
    ...(session && { session }),
    ...(httpRequest && { httpRequest }),
    ...(grants !== undefined && { grants }),
    ...(files && { files: { ...files, given: files.given.map(lengthOf) } }),
  };
  const given = files?.given.map(({ bytes }) => bytes) ?? [];
  return { header, payload: [...payload, ...attachments, ...given] };
}

/** Bytes from which code is left undecoded for the thread that runs it. */
const LONG_CODE = 65_536;

/** Decodes the job of a frame that `encodeJob()` has made. Long code stays as bytes. */
export function decodeJob({ header, payload }: Frame): WorkerJob {
  const {
    entry,
    codeBytes,
    language,
    moduleUrl,
    inputBytes,
    callContext,
    tools,
    attachmentBytes,
    limits,
    result,
    reuse,
    session,
    httpRequest,
  } = header as unknown as JobHeader;
  let read = 0;
  const next = (bytes: number): Uint8Array => {
    read += bytes;
    return payload.subarray(read - bytes, read);
  };
  const nextText = (bytes: number): string => decoder.decode(next(bytes));
  return {
    type: "job",
    entry,
    ...(codeBytes < LONG_CODE
      ? { code: nextText(codeBytes) }
      : { code: "", codeBytes: next(codeBytes).slice() }),
    ...(language && { language }),
    ...(moduleUrl && { moduleUrl }),
    input: inputBytes === undefined ? undefined : nextText(inputBytes),
    ...(callContext !== undefined && { callContext }),
    tools: tools.map(({ name, config, moduleBytes }): ToolUse => {
      return moduleBytes === undefined
        ? { name, config }
        : { name, config, module: nextText(moduleBytes) };
    }),
    // Copied into buffers of their own: transferring a view would transfer the whole payload.
    ...(attachmentBytes && { attachments: attachmentBytes.map((bytes) => next(bytes).slice()) }),
    limits,
    ...(result && { result }),
    ...(reuse && { reuse }),
    ...(session && { session }),
    ...(httpRequest && { httpRequest }),
  };
}

/** Reads the grants of the job in a frame. */
export function grantsOf({ header }: Frame): Grants | undefined {
  return (header as unknown as JobHeader).grants;
}

/** Reads the files of the job in a frame. Their bytes are the end of its payload. */
export function filesOf({ header, payload }: Frame): JobFiles | undefined {
  const { files } = header as unknown as JobHeader;
  if (files === undefined) return undefined;
  let at = payload.length - files.given.reduce((sum, { bytes }) => sum + bytes, 0);
  const given = files.given.map(({ path, bytes }) => {
    at += bytes;
    return { path, bytes: payload.subarray(at - bytes, at) };
  });
  return { ...files, given };
}

function lengthOf({ path, bytes }: JobFiles["given"][number]) {
  return { path, bytes: bytes.length };
}
