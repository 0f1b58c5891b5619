import { Aborted } from "../../../src/base/errors.ts";
import type { DeclaredFunctions } from "../../../src/calls/declaration.ts";
import { tenantKey } from "../../../src/request/tenant.ts";
import type { ExecuteRequest } from "../../../src/request/types.ts";
import { type Answerer, answererOf, mayAnswer } from "../../calls/answerer.ts";
import type { CallRelay, RelayedNext, RelayedStep } from "../../calls/call-relay.ts";
import type { OpenCalls } from "../../calls/open-calls.ts";
import { HttpProblem, problemResponse } from "../../errors/problem.ts";
import { QuotaExceeded } from "../../errors/quota-error.ts";
import { answerOf } from "../../runs/answer.ts";
import type { Execution, Runs } from "../../runs/runs.ts";
import { executionResult } from "../results.ts";
import type { ToolCall, ToolResult } from "../tool.ts";
import { farSteps } from "./far-steps.ts";
import { HeldExecution } from "./held-execution.ts";
import { KeptEnds } from "./kept-ends.ts";

/** Milliseconds without a call of a tool after which an execution that waits ends. */
const PATIENCE_MS = 60_000;
/** Most executions of a tenant that wait for calls of tools, on one server. */
const MOST_EACH = 32;
/** Milliseconds of a step for another server, which has a reply in that time. */
const STEP_MS = 1_500;

export interface HeldOptions {
  readonly runs: Pick<Runs, "run">;
  readonly openCalls: OpenCalls;
  readonly nodeId: string;
  /** Way to other servers. Default: there are none. */
  readonly relay?: CallRelay | undefined;
  /** Milliseconds without a call of a tool. Default 60,000. */
  readonly patience?: number | undefined;
}

export type HeldRequest = Pick<Execution, "function" | "isBundle"> & {
  readonly request: ExecuteRequest & { readonly functions: DeclaredFunctions };
};

export interface Stepped {
  readonly result: ToolResult;
  readonly refused: readonly number[];
}

/** Executions over MCP that call functions of their client. */
export class HeldExecutions {
  readonly #options: HeldOptions;
  readonly #held = new Map<string, HeldExecution>();
  readonly #ends: KeptEnds;

  constructor(options: HeldOptions) {
    this.#options = options;
    this.#ends = new KeptEnds(({ options: { id } }) => this.#held.delete(id));
    options.relay?.serveSteps((step) => this.#farStep(step));
  }

  /** Begins an execution, and resolves with its first calls, or with its result. */
  async start(asked: HeldRequest, call: ToolCall): Promise<ToolResult> {
    const { runs, openCalls, patience = PATIENCE_MS } = this.#options;
    const { caller, requestId, signal, observer, hold } = call;
    const tenant = tenantKey(caller.tenant);
    this.#assertRoom(tenant);
    const deployed = asked.function?.name;
    const called = openCalls.open(caller.tenant, asked.request.functions, deployed);
    const { id } = called;
    const held = new HeldExecution({ id, tenant, deployed, patience });
    const calls = called.begin((data, serial) => held.hear(data, serial));
    held.connect(calls);
    this.#held.set(id, held);
    const context = { id, caller, requestId, calls, signal: held.signal, observer: held.observer };
    const ended = runs
      .run({ ...asked, ...context, via: "mcp", asText: true })
      .then((run) => ({ result: executionResult(answerOf(run)) }))
      .catch((error: unknown) => ({ error: held.wasAbandoned ? abandoned(patience) : error }))
      .then((end) => {
        called.close();
        held.finish(end);
        this.#ends.keep(held);
      });
    // Its request stays in memory meanwhile.
    hold(ended);
    return this.#next(held, observer, signal);
  }

  /**
   * Gives answers to an execution of a server, and resolves with what it does next. `refused` has the
   * numbers of calls that did not wait for an answer.
   */
  async step(
    node: string,
    { caller, signal, observer }: Pick<ToolCall, "caller" | "signal" | "observer">,
    given: Pick<RelayedStep, "execution" | "answers">,
  ): Promise<Stepped> {
    const answerer = answererOf(caller);
    if (node !== this.#options.nodeId) {
      const { relay } = this.#options;
      if (relay === undefined) throw notHeld();
      const asking = { ...answerer, ...given, isLeft: false };
      return (await farSteps(relay, node, asking, signal)) ?? Promise.reject(notHeld());
    }
    const held = this.#find(answerer, given.execution);
    const refused = await answerAll(held, given.answers);
    return { result: await this.#next(held, observer, signal), refused };
  }

  close(): void {
    for (const held of this.#held.values()) held.cancel();
    this.#ends.close();
  }

  async #next(...[held, observer, signal]: Next): Promise<ToolResult> {
    try {
      return await held.next(observer, signal);
    } catch (error) {
      // Its client has left, or does not want it any more.
      if (signal.aborted) {
        held.cancel();
        throw new Aborted();
      }
      throw error;
    } finally {
      if (held.end !== undefined) this.#ends.fetched(held);
    }
  }

  /** Serves a step of a client of another server, for some seconds. */
  async #farStep({ execution, answers, isLeft, ...answerer }: RelayedStep): Promise<RelayedNext> {
    const inTime = AbortSignal.timeout(STEP_MS);
    try {
      const held = this.#find(answerer, execution);
      if (isLeft) {
        held.cancel();
        return {};
      }
      const refused = await answerAll(held, answers);
      const result = await held.next({}, inTime).catch((error: unknown) => {
        if (held.end === undefined && inTime.aborted) return undefined;
        throw error;
      });
      if (held.end !== undefined) this.#ends.fetched(held);
      return { refused, ...(result && { result }) };
    } catch (error) {
      const response = problemResponse(error, "");
      return { problem: { status: response.status, ...(await response.json()).error } };
    }
  }

  #find(answerer: Answerer, execution: string): HeldExecution {
    const held = this.#held.get(execution);
    if (held === undefined || !mayAnswer(answerer, held.options)) throw notHeld();
    return held;
  }

  #assertRoom(tenant: string): void {
    let running = 0;
    for (const { end, options } of this.#held.values()) {
      if (end === undefined && options.tenant === tenant) running += 1;
    }
    if (running < MOST_EACH) return;
    const message = `${MOST_EACH} executions of this tenant wait for answers here`;
    throw new QuotaExceeded("CONCURRENCY_LIMIT", message, 1_000);
  }
}

type Next =
  Parameters<HeldExecution["next"]> extends infer Rest extends unknown[]
    ? [HeldExecution, ...Rest]
    : never;

/** Gives answers to an execution. Resolves with the serials of calls that do not wait for any. */
async function answerAll(held: HeldExecution, answers: RelayedStep["answers"]): Promise<number[]> {
  const refused: number[] = [];
  for (const { serial, ...answer } of answers) {
    if ((await held.answer(serial, answer)) !== "sent") refused.push(serial);
  }
  return refused;
}

function notHeld(): HttpProblem {
  const message =
    "No such execution waits for an answer: its result was fetched, or is no longer kept. The tool logs tells what it has logged";
  return new HttpProblem(404, "NotFound", "CALL_NOT_FOUND", message);
}

function abandoned(patience: number): HttpProblem {
  const message = `The execution was ended, because its calls had no answer for ${patience / 1_000} seconds`;
  return new HttpProblem(404, "NotFound", "CALL_NOT_FOUND", message);
}
