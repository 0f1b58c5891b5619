import { BadRequest } from "../../src/base/errors.ts";
import type { DeclaredFunctions } from "../../src/calls/declaration.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import type { OpenCalls } from "../calls/open-calls.ts";
import { problemResponse } from "../errors/problem.ts";
import type { RouteInput } from "../http/route.ts";
import type { JobQueue } from "../jobs/queue.ts";
import { answerOf, answerText } from "../runs/answer.ts";
import type { Execution, Runs } from "../runs/runs.ts";
import type { ExecutionRow } from "../store/contract/executions.ts";
import type { Idempotency, StoredAnswer } from "../store/contract/idempotency.ts";
import { ownerOfKeys } from "../tenants/key-scopes.ts";
import { beginIdempotent, type IdempotentBegin } from "./idempotency/idempotent.ts";
import { KeyLeases } from "./idempotency/key-leases.ts";
import { UnwrittenAnswers } from "./idempotency/unwritten-answers.ts";
import { jsonAnswer, replayOf, responseOf, textAnswer } from "./stored-answer.ts";
import { streamed, streamOf, type Watched } from "./stream.ts";
import { wantsEvents, wantsLater } from "./wanted-mode.ts";

export interface ReplyModesOptions {
  readonly runs: Runs;
  readonly jobs: JobQueue;
  readonly openCalls: OpenCalls;
  readonly idempotency: Idempotency;
  /** Most milliseconds of a request that is answered at once. */
  readonly most: number;
  /** Receives the server's own failures, with the request id that callers got. */
  readonly onError: (error: unknown, requestId: string) => void;
}

/** A request for an execution, as read by its route. */
export interface ExecutionRequest {
  readonly request: ExecuteRequest;
  /** URL for the answer, if it comes later. */
  readonly callback?: string | undefined;
  readonly function?: Execution["function"];
  /** True if the code is a bundle that this host has made and keeps. Default false. */
  readonly isBundle?: boolean | undefined;
  /** Name in the execution's record, if the answer is JSON at once. */
  readonly via: ExecutionRow["via"];
  /** Values by which two requests with one `Idempotency-Key` are the same. */
  readonly identity: Identity;
}

export interface Identity {
  /** Method and path. */
  readonly route: string;
  readonly body: unknown;
}

/** Part of a route's input that replies need. */
export type ReplyInput = Pick<
  RouteInput<unknown, unknown, unknown, unknown, "tenant">,
  "caller" | "signal" | "requestId" | "c" | "hold" | "onWaiting" | "reserve"
>;

/**
 * Runs code and replies in the requested mode: at once, as events, or later. With an
 * `Idempotency-Key` it runs once only. Such an execution outlives its connection, because the
 * client may come back for the answer.
 */
export class ReplyModes {
  readonly #options: ReplyModesOptions;
  readonly #unwritten = new UnwrittenAnswers();
  readonly #leases: KeyLeases;

  constructor(options: ReplyModesOptions) {
    this.#options = options;
    this.#leases = new KeyLeases(options.idempotency);
  }

  /** Resolves once the store has all outcomes, or does not answer for too long. */
  async close(): Promise<void> {
    await this.#unwritten.close();
    this.#leases.close();
  }

  /**
   * Runs a request in the mode that its headers ask for. Rejects for refusals before it has begun.
   */
  async respond(wanted: ExecutionRequest, input: ReplyInput): Promise<Response> {
    const { headers } = input.c.req.raw;
    const later = wantsLater(headers.get("prefer"));
    const events = !later && wantsEvents(headers.get("accept"));
    if (wanted.callback !== undefined && !later) {
      throw new BadRequest("callback", "callback: Only with Prefer: respond-async");
    }
    if (isAskedHere(wanted.request)) assertCalled(events, headers);
    const entry = await this.once(wanted.identity, input);
    if (entry !== undefined && "replay" in entry) {
      return events ? streamOf(entry.replay, input) : replayOf(entry.replay);
    }
    const signal = entry === undefined ? input.signal : undefined;
    const first = entry?.first ?? ((work: () => Promise<StoredAnswer>) => work());
    if (later) return responseOf(await first(() => this.#accept(wanted, input)), input);
    if (!events) return responseOf(await first(() => this.#run(wanted, input, { signal })), input);
    return this.#stream(input, wanted, signal, async (watched, signal) => {
      const via = wanted.via === "execute" ? "stream" : wanted.via;
      return (await first(() => this.#run({ ...wanted, via }, input, { ...watched, signal }))).body;
    });
  }

  /**
   * Looks up the `Idempotency-Key`, if there is one. `executions` multiplies the time that the work
   * may take.
   */
  async once(
    { route, body }: Identity,
    input: Omit<ReplyInput, "hold" | "onWaiting">,
    executions = 1,
  ): Promise<IdempotentBegin | undefined> {
    const { idempotency, most, onError } = this.#options;
    const key = input.c.req.header("idempotency-key");
    if (key === undefined) return undefined;
    return beginIdempotent(idempotency, {
      tenant: input.caller.tenant,
      key,
      owner: ownerOfKeys(input.caller),
      route,
      body,
      limit: input.caller.limits.storage,
      most: most * executions,
      leases: this.#leases,
      unwritten: this.#unwritten,
      reserve: input.reserve,
      onError: (error) => onError(error, input.requestId),
    });
  }

  async #run(
    { request, via, function: deployed, isBundle }: ExecutionRequest,
    { caller, requestId }: ReplyInput,
    options: Partial<Watched> & { signal: AbortSignal | undefined },
  ): Promise<StoredAnswer> {
    const { runs } = this.#options;
    const asked = { caller, request, via, requestId, function: deployed, isBundle };
    const run = { ...options, ...asked, asText: true };
    return textAnswer(200, answerText(answerOf(await runs.run(run))));
  }

  async #accept(
    wanted: ExecutionRequest,
    { caller, requestId, c }: ReplyInput,
  ): Promise<StoredAnswer> {
    const id = await this.#options.jobs.accept({ ...wanted, caller, requestId });
    c.set("execution", id);
    return jsonAnswer(202, { id, status: "queued" }, `/jobs/${id}`);
  }

  #stream(
    { caller, hold, onWaiting, reserve, requestId }: ReplyInput,
    { request, function: deployed }: ExecutionRequest,
    /** Signal of the client's end. Absent if the execution outlives the client. */
    hangUp: AbortSignal | undefined,
    run: (watched: Watched, signal: AbortSignal | undefined) => Promise<string>,
  ): Promise<Response> {
    const { onError, openCalls } = this.#options;
    const cancelled = new AbortController();
    const signal = hangUp && AbortSignal.any([hangUp, cancelled.signal]);
    return streamed({
      counting: { onWaiting, reserve },
      calls: isAskedHere(request)
        ? openCalls.open(caller.tenant, request.functions, deployed?.name)
        : undefined,
      onCancel: () => cancelled.abort(),
      run: (watched) => {
        const answer = run(watched, signal);
        // The response begins long before its end. The request's body stays in memory until then.
        hold(answer);
        return answer;
      },
      problem: async (error) => {
        const response = problemResponse(error, requestId);
        if (response.status >= 500) onError(error, requestId);
        return response.text();
      },
    });
  }
}

/** Tells whether the reader of the events answers calls to functions. */
function isAskedHere(
  request: ExecuteRequest,
): request is ExecuteRequest & { readonly functions: DeclaredFunctions } {
  return request.functions !== undefined && request.functionsEndpoint === undefined;
}

/**
 * Checks that the client reads the events of its calls.
 *
 * @throws {BadRequest} if it does not.
 */
function assertCalled(events: boolean, headers: Headers): void {
  const refused = (when: string): BadRequest =>
    new BadRequest(
      "functions",
      `functions: ${when}, because the reader of the events answers calls`,
    );
  if (!events) throw refused("Only with Accept: text/event-stream");
  if (headers.has("idempotency-key")) throw refused("Not with an Idempotency-Key");
}
