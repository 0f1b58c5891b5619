import { z } from "zod";
import { HttpProblem } from "../errors/problem.ts";

const MAX_HEADER = 2_000;
const TAG = /(?:W\/)?"[\x21\x23-\x7e]*"/g;

/** Headers of requests that depend on the state of what they change. */
export const preconditionHeaders = z.object({
  "if-match": z.string().max(MAX_HEADER).optional().meta({ description: "`ETag` it must have" }),
  "if-none-match": z
    .string()
    .max(MAX_HEADER)
    .optional()
    .meta({ description: "`*`: only if there is none yet" }),
});

/** Throws unless an object in that state may be changed; `undefined` stands for no object. */
export type Precondition = (tag: string | undefined) => void;

/** Makes the check that a request's headers ask for (RFC 9110, 13.1). */
export function preconditionOf(headers: z.output<typeof preconditionHeaders>): Precondition {
  const { "if-match": match, "if-none-match": none } = headers;
  return (tag) => {
    if (match !== undefined && !(tag !== undefined && matches(match, tag))) {
      throw preconditionFailed(
        tag === undefined ? "It does not exist" : "It has been changed; read it again",
      );
    }
    if (none !== undefined && tag !== undefined && matches(none, tag)) {
      throw preconditionFailed(none.trim() === "*" ? "It exists already" : "It is unchanged");
    }
  };
}

/** Makes the answer to a request whose precondition does not hold. */
export function preconditionFailed(message: string): HttpProblem {
  return new HttpProblem(412, "PreconditionFailed", "PRECONDITION_FAILED", message);
}

/** Compares as texts, so that a weak tag matches none of ours. */
function matches(header: string, tag: string): boolean {
  return header.trim() === "*" || header.match(TAG)?.some((each) => each === tag) === true;
}
