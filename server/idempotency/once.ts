import { createHash } from "node:crypto";
import { isDeeperThan } from "../../src/depth.ts";
import { BadRequest } from "../../src/errors.ts";
import { JsonText } from "../../src/json-text.ts";
import { HttpProblem } from "../problem.ts";
import { StorageReserved } from "../store/errors.ts";
import type { Idempotency, StoredAnswer } from "../store/idempotency.ts";

/** Levels of nesting that can be written as JSON again. */
const MAX_DEPTH = 1_100;
const KEY = /^[\x21-\x7e]{1,255}$/;
const FIELD = "Idempotency-Key";

export interface OnceOptions {
  readonly tenant: string;
  /** As the client sent it. */
  readonly key: string;
  /** Method and path. */
  readonly route: string;
  readonly body: unknown;
  /** Bytes its tenant may store, if it has a limit of its own. */
  readonly limit?: number | undefined;
  /** Most milliseconds the work takes; after that, a request with the key does it again. */
  readonly most: number;
  /** Told that an answer could not be kept. */
  readonly onError: (error: unknown) => void;
}

export type Once =
  /** The answer of the first time. */
  | { readonly replay: StoredAnswer }
  /** To be called with the work; keeps what it resolves with. What rejects leaves the key as new. */
  | { readonly first: (work: () => Promise<StoredAnswer>) => Promise<StoredAnswer> };

/**
 * Looks whether a key has been used. Rejects with `BadRequest` for one that is none, with 409 while its
 * work is under way, and with 422 if it has been used with another route or body.
 */
export async function once(store: Idempotency, options: OnceOptions): Promise<Once> {
  const { tenant, key, most, limit, onError } = options;
  if (!KEY.test(key)) {
    throw new BadRequest(FIELD, `${FIELD}: Expected 1 to 255 visible ASCII characters`);
  }
  const until = new Date(Date.now() + most);
  const begun = await store.begin(tenant, key, fingerprintOf(options), until, limit);
  if (begun.state === "done") {
    if (begun.answer.lost) throw lost(begun.answer);
    return { replay: begun.answer };
  }
  if (begun.state === "running") {
    const message = `A request with this ${FIELD} is under way`;
    throw new HttpProblem(409, "Conflict", "IDEMPOTENCY_RUNNING", message, { retryAfter: 1 });
  }
  if (begun.state === "mismatch") {
    const message = `This ${FIELD} has been used with another request`;
    throw new HttpProblem(422, "UnprocessableContent", "IDEMPOTENCY_MISMATCH", message);
  }
  return {
    async first(work) {
      let answer: StoredAnswer;
      try {
        answer = await work();
      } catch (error) {
        await store.abandon(tenant, key).catch(onError);
        throw error;
      }
      // What has been done has been done: that it is not kept is no reason to say nothing of it.
      const isKept = await store
        .finish(tenant, key, answer)
        .catch(async (error: unknown) => {
          if (!(error instanceof StorageReserved)) throw error;
          await store.finish(tenant, key, { ...answer, body: "", lost: true });
          return false;
        })
        .catch(onError);
      return isKept === false ? { ...answer, lost: true } : answer;
    },
  };
}

/** The first request has run, and nothing has it run again. */
function lost({ status }: StoredAnswer): HttpProblem {
  const message =
    `The first request with this ${FIELD} was answered with ${status}, but the tenant had no room to store ` +
    "its answer; it has run, and GET /executions lists it";
  return new HttpProblem(409, "Conflict", "IDEMPOTENCY_NOT_STORED", message);
}

function fingerprintOf({ route, body }: OnceOptions): string {
  if (isDeeperThan(body, MAX_DEPTH)) throw new BadRequest("", "The body is nested too deep");
  return createHash("sha256")
    .update(`${route}\n${JSON.stringify(body, digested)}`)
    .digest("hex");
}

/** A large input is known by its digest. */
function digested(_key: string, value: unknown): unknown {
  return value instanceof JsonText ? value.digest : value;
}
