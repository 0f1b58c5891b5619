import { BadRequest, PayloadTooLarge } from "../../base/errors.ts";
import { MAX_JOB_BYTES, MAX_RESULT_BYTES } from "../../protocol/limits.ts";
import type { Job } from "../contract/contract.ts";

/**
 * Checks that a sandbox can take a job of this size.
 *
 * @throws {PayloadTooLarge} if the job is too large.
 * @throws {BadRequest} if its result may be too large.
 */
export function assertSize(job: Job): void {
  if (job.limits.resultBytes > MAX_RESULT_BYTES) {
    throw new BadRequest("limits.resultBytes", `Results of more than ${MAX_RESULT_BYTES} bytes`);
  }
  const texts = [job.code, job.input ?? "", ...job.tools.map(({ module }) => module ?? "")];
  const given = sum(job.files?.given ?? [], ({ bytes }) => bytes.length);
  const attached = given + sum(job.attachments ?? [], ({ length }) => length);
  // A UTF-16 unit takes at most three bytes, so most jobs need no exact count.
  if (attached + 3 * sum(texts, ({ length }) => length) <= MAX_JOB_BYTES) return;
  const bytes = attached + sum(texts, (text) => Buffer.byteLength(text));
  if (bytes <= MAX_JOB_BYTES) return;
  const message = `A job of ${bytes} bytes exceeds the limit of ${MAX_JOB_BYTES}`;
  throw new PayloadTooLarge("", message);
}

function sum<T>(items: readonly T[], size: (item: T) => number): number {
  return items.reduce((total, item) => total + size(item), 0);
}
