import { encodeFrame, type Frame } from "./frames.ts";
import type { Grants } from "./grants.ts";
import type { JobHeader, ToolHeader, ToolUse, WorkerJob } from "./messages.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Encodes the frame of a job. Long parts go into its payload: a header is small, and parsed at
 * once.
 */
export function encodeJob(job: Omit<WorkerJob, "type">, grants?: Grants): Uint8Array {
  const { code, entry, input, tools, attachments = [], limits, result, reuse, httpRequest } = job;
  const { language, moduleUrl } = job;
  const payload: Uint8Array[] = [];
  const bytesOf = (text: string): number => {
    const bytes = encoder.encode(text);
    payload.push(bytes);
    return bytes.length;
  };
  const header: JobHeader = {
    entry,
    codeBytes: bytesOf(code),
    ...(language && { language }),
    ...(moduleUrl && { moduleUrl }),
    ...(input !== undefined && { inputBytes: bytesOf(input) }),
    tools: tools.map(({ name, config, module }): ToolHeader => {
      return module === undefined
        ? { name, config }
        : { name, config, moduleBytes: bytesOf(module) };
    }),
    ...(attachments.length > 0 && { attachmentBytes: attachments.map(({ length }) => length) }),
    limits,
    ...(result !== undefined && { result }),
    ...(reuse && { reuse }),
    ...(httpRequest && { httpRequest }),
    ...(grants !== undefined && { grants }),
  };
  return encodeFrame("job", header, ...payload, ...attachments);
}

/** Decodes the job of a frame that `encodeJob()` has made. */
export function decodeJob({ header, payload }: Frame): WorkerJob {
  const {
    entry,
    codeBytes,
    language,
    moduleUrl,
    inputBytes,
    tools,
    attachmentBytes,
    limits,
    result,
    reuse,
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
    code: nextText(codeBytes),
    ...(language && { language }),
    ...(moduleUrl && { moduleUrl }),
    input: inputBytes === undefined ? undefined : nextText(inputBytes),
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
    ...(httpRequest && { httpRequest }),
  };
}

/** Reads the grants of the job in a frame. */
export function grantsOf({ header }: Frame): Grants | undefined {
  return (header as unknown as JobHeader).grants;
}
