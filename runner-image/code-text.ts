import type { WorkerJob } from "../src/protocol/messages.ts";
import { decodeBytes, NativeDecoder } from "./base/primordials.ts";

type Sent = Pick<WorkerJob, "code" | "codeBytes">;

/** Returns the code of a job. Its bytes are given up, because the run holds its job to the end. */
export function takeCode(job: Sent): string {
  const { code, codeBytes } = job;
  if (codeBytes === undefined) return code;
  (job as { -readonly [Name in keyof Sent]: Sent[Name] }).codeBytes = undefined;
  return decodeBytes(new NativeDecoder(), codeBytes);
}
