import { encodeFrame, type Frame } from "./frames.ts";
import type { Grants } from "./grants.ts";
import type { JobHeader, ToolHeader, ToolUse, WorkerJob } from "./messages.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The frame of a job. Texts go into its payload: a header is small, and parsed at once. */
export function encodeJob(job: Omit<WorkerJob, "type">, grants?: Grants): Uint8Array {
  const { code, entry, input, tools, limits } = job;
  const texts = [encoder.encode(code)];
  const codeBytes = texts[0]?.length ?? 0;
  const header: JobHeader = { entry, codeBytes, tools: [], limits };
  const bytesOf = (text: string): number => {
    const bytes = encoder.encode(text);
    texts.push(bytes);
    return bytes.length;
  };
  const inputBytes = input === undefined ? undefined : bytesOf(input);
  const uses = tools.map(({ name, config, module }): ToolHeader => {
    return module === undefined ? { name, config } : { name, config, moduleBytes: bytesOf(module) };
  });
  return encodeFrame("job", { ...header, inputBytes, tools: uses, grants }, concat(texts));
}

/** The job in a frame that `encodeJob()` has made. */
export function decodeJob({ header, payload }: Frame): WorkerJob {
  const { entry, codeBytes, inputBytes, tools, limits } = header as unknown as JobHeader;
  let read = 0;
  const next = (bytes: number): string => {
    read += bytes;
    return decoder.decode(payload.subarray(read - bytes, read));
  };
  return {
    type: "job",
    entry,
    code: next(codeBytes),
    input: inputBytes === undefined ? undefined : next(inputBytes),
    tools: tools.map(({ name, config, moduleBytes }): ToolUse => {
      return moduleBytes === undefined
        ? { name, config }
        : { name, config, module: next(moduleBytes) };
    }),
    limits,
  };
}

/** What the job in a frame is granted. */
export function grantsOf({ header }: Frame): Grants | undefined {
  return (header as unknown as JobHeader).grants;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let filled = 0;
  for (const part of parts) {
    whole.set(part, filled);
    filled += part.length;
  }
  return whole;
}
