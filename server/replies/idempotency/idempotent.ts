import { createHash } from "node:crypto";
import { BadRequest } from "../../../src/base/errors.ts";
import { isOdd, textOf } from "../../../src/base/exact-json.ts";
import { isDeeperThan } from "../../../src/base/json-depth.ts";
import { JsonText } from "../../../src/base/json-text.ts";
import { PerTenantQueue } from "../../../src/base/per-tenant-queue.ts";
import { type KnownTenant, tenantKey } from "../../../src/request/tenant.ts";
import { HttpProblem } from "../../errors/problem.ts";
import type { Counting } from "../../http/unread/unread-responses.ts";
import type { Begun, Idempotency, StoredAnswer } from "../../store/contract/idempotency.ts";
import { StorageReserved } from "../../store/contract/store-errors.ts";
import type { KeyLeases } from "./key-leases.ts";
import type { UnwrittenAnswer, UnwrittenAnswers } from "./unwritten-answers.ts";

/** Most levels of nesting that JSON can be written with. */
const MAX_DEPTH = 1_100;
const KEY = /^[\x21-\x7e]{1,255}$/;
const FIELD = "Idempotency-Key";
/** Most requests of a tenant that wait for each other. */
const MAX_WAITING = 1_000;

const begins = new PerTenantQueue(MAX_WAITING);
/**
 * Separate queue, so that a tenant's new requests do not wait for large answers that are replayed.
 */
const reads = new PerTenantQueue(MAX_WAITING);

export interface IdempotentOptions {
  readonly tenant: KnownTenant;
  /** Key from the client's header. */
  readonly key: string;
  /** Id of the tenant's key whose requests share these keys with no others. Default: all of the tenant share them. */
  readonly owner?: string | undefined;
  /** Method and path. */
  readonly route: string;
  readonly body: unknown;
  /** Most bytes the tenant may store, if it has a limit of its own. */
  readonly limit?: number | undefined;
  /** Most milliseconds of the work. After that, a request with the key repeats it. It does before if this server dies. */
  readonly most: number;
  /** Keys of requests that run here. */
  readonly leases: KeyLeases;
  /** Outcomes that are not in the store yet. */
  readonly unwritten: UnwrittenAnswers;
  /** Makes room for an answer before it is read. Throws with 429 if there is none. */
  readonly reserve: Counting["reserve"];
  /** Receives the failure to store an answer. */
  readonly onError: (error: unknown) => void;
}

export type IdempotentBegin =
  /** Answer of the first request, with room made for it. */
  | { readonly replay: StoredAnswer }
  /**
   * Runs the work and stores its answer. A rejection leaves the key as new, and so does an answer
   * that is not final.
   */
  | {
      readonly first: (
        work: () => Promise<StoredAnswer>,
        isFinal?: () => boolean,
      ) => Promise<StoredAnswer>;
    };

/**
 * Checks whether a key has been used.
 *
 * @throws {BadRequest} For a malformed key.
 * @throws {HttpProblem} 409 while its work is under way, or if its answer is lost. 422 if it was
 * used with another route or body.
 */
export async function beginIdempotent(
  store: Idempotency,
  given: IdempotentOptions,
): Promise<IdempotentBegin> {
  if (!KEY.test(given.key)) {
    throw new BadRequest(FIELD, `${FIELD}: Expected 1 to 255 visible ASCII characters`);
  }
  // No key of a client has a space.
  const key = given.owner === undefined ? given.key : `${given.owner} ${given.key}`;
  const options = { ...given, key };
  const { most, leases, unwritten, onError } = options;
  const tenant = options.tenant.id;
  const fingerprint = fingerprintOf(options);
  unwritten.check();
  // A later tenant with the same id gets none of it.
  const name = `${tenantKey(options.tenant)}\n${key}`;
  const begun = await begin(store, options, name, fingerprint);
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
    async first(work, isFinal = () => true) {
      const release = leases.hold({ tenant, key, fingerprint }, most);
      let answer: StoredAnswer;
      const keep = async (answer: StoredAnswer | undefined): Promise<boolean> => {
        const write = async (): Promise<boolean> => {
          if (answer === undefined) {
            await store.abandon(tenant, key, fingerprint);
            return true;
          }
          return keepOrMark(store, tenant, key, fingerprint, answer);
        };
        try {
          const isKept = await write();
          release();
          return isKept;
        } catch {
          // The work is done. Its answer is sent even though it is not stored yet.
          const known = unwritten.add(name, { fingerprint, answer }, write, onError);
          void known.then(release);
          return true;
        }
      };
      try {
        answer = await work();
      } catch (error) {
        await keep(undefined);
        throw error;
      }
      const isKept = await keep(isFinal() ? answer : undefined);
      return isKept ? answer : { ...answer, lost: true };
    },
  };
}

/** State of a key, with the answer if it is done. */
type Found = Exclude<Begun, { readonly state: "done" }> | Done;

interface Done {
  readonly state: "done";
  readonly answer: StoredAnswer;
}

/**
 * Asks the store for one request of a tenant at a time, because the store works sequentially. Reads
 * an answer only once there is room for its bytes. Otherwise a client that reads none could make
 * others wait for the same answer again and again.
 */
async function begin(
  store: Idempotency,
  { tenant: { id }, key, most, limit, leases, unwritten, reserve }: IdempotentOptions,
  name: string,
  fingerprint: string,
): Promise<Found> {
  for (;;) {
    const begun = await begins.take(
      id,
      async (): Promise<Begun | Done> =>
        outcomeOf(unwritten.get(name), fingerprint) ??
        (await store.begin(id, key, fingerprint, leases.first(most), limit)),
    );
    if (begun.state !== "done") return begun;
    if ("answer" in begun) {
      reserve(Buffer.byteLength(begun.answer.body));
      return begun;
    }
    reserve(begun.size);
    const answer = await reads.take(id, () => store.answer(id, key, fingerprint));
    // It was deleted in between.
    if (answer !== undefined) return { state: "done", answer };
  }
}

/** Stores an answer. If the disk has no room, stores that it is lost, and returns false. */
async function keepOrMark(
  store: Idempotency,
  tenant: string,
  key: string,
  fingerprint: string,
  answer: StoredAnswer,
): Promise<boolean> {
  try {
    return await store.finish(tenant, key, fingerprint, answer);
  } catch (error) {
    if (!(error instanceof StorageReserved)) throw error;
    await store.finish(tenant, key, fingerprint, { ...answer, body: "", lost: true });
    return false;
  }
}

/**
 * Makes the error for an answer that was not stored. The first request has run and is not repeated.
 */
function lost({ status }: StoredAnswer): HttpProblem {
  const message =
    `The first request with this ${FIELD} was answered with ${status}, but the tenant had no room to store ` +
    "its answer; it has run, and GET /executions lists it";
  return new HttpProblem(409, "Conflict", "IDEMPOTENCY_NOT_STORED", message);
}

/**
 * Returns the outcome that is known here but not in the store. A failed request counts as running
 * until the store knows.
 */
function outcomeOf(outcome: UnwrittenAnswer | undefined, fingerprint: string): Found | undefined {
  if (outcome === undefined) return undefined;
  if (outcome.fingerprint !== fingerprint) return { state: "mismatch" };
  if (outcome.answer === undefined) return { state: "running" };
  return { state: "done", answer: outcome.answer };
}

function fingerprintOf({ route, body }: IdempotentOptions): string {
  if (isDeeperThan(body, MAX_DEPTH)) throw new BadRequest("", "The body is nested too deep");
  return createHash("sha256")
    .update(`${route}\n${JSON.stringify(body, digested)}`)
    .digest("hex");
}

/** Replaces a large input by its digest, and numbers that JSON text would not tell apart. */
function digested(_key: string, value: unknown): unknown {
  if (isOdd(value)) return { number: textOf(value) };
  return value instanceof JsonText ? value.digest : value;
}
