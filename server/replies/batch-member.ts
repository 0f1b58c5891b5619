import { z } from "zod";
import type { BadRequest } from "../../src/base/errors.ts";
import { firstIssue } from "../../src/config/config.ts";
import { sentRequest } from "../../src/request/sent-request.ts";

type Sent = z.infer<typeof sentRequest>;

/** Schema in which the paths of errors are found. */
const BATCH = z.object({ requests: z.array(sentRequest) });

/** Stands in a batch for a request that its schema refuses. */
export class Malformed {
  /** Request as it was sent. */
  readonly value: unknown;
  readonly #issues: z.core.$ZodIssue[];

  constructor(value: unknown, issues: z.core.$ZodIssue[]) {
    this.value = value;
    this.#issues = issues;
  }

  /** Returns the error of the request at an index of its batch. */
  at(index: number): BadRequest {
    const issues = this.#issues.map((issue) => ({
      ...issue,
      path: ["requests", index, ...issue.path],
    }));
    return firstIssue(new z.ZodError(issues), BATCH);
  }
}

/** A request in a batch. A malformed one is no error of the batch, so that the others run. */
export const batchMember = sentRequest.catch(
  ({ value, error }) => new Malformed(value, error.issues) as never,
) as unknown as z.ZodType<Sent | Malformed, Sent>;
