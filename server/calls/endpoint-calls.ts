import { Calls, type HeardCall } from "../../src/calls/calls.ts";
import type { OperatorRules } from "../../src/destinations/admit.ts";
import type { CallLine } from "../../src/engines/contract/lines.ts";
import { CALL_LIMITS } from "../../src/protocol/calls.ts";
import { type KnownTenant, tenantKey } from "../../src/request/tenant.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import { callbackSecret } from "../callbacks/secret.ts";
import { signedPost } from "../callbacks/signed-post.ts";
import { LARGE, parseJson } from "../http/json-thread/body-text.ts";
import type { JsonThread } from "../http/json-thread/json-thread.ts";
import { executionId } from "../runs/execution-id.ts";
import { argsText } from "./args-text.ts";
import { give } from "./give.ts";
import { callAnswer, type GivenAnswer, givenBy } from "./given-answer.ts";
import { TenantTurns } from "./tenant-turns.ts";

/** Milliseconds of one call. */
const CALL_MS = 30_000;
/** Calls of a tenant to its endpoints at a time, over all its executions here. */
const AT_ONCE = 16;
/** Bytes of an answer's body: a result, and what is around it. */
const BODY_BYTES = CALL_LIMITS.answerBytes + 1_024;

export interface EndpointCallsOptions {
  readonly operatorRules: OperatorRules;
  /** Key from which secrets are derived. Without it, no endpoint is called. */
  readonly secretKey: Uint8Array | undefined;
  /** Thread that reads long arguments and answers. */
  readonly results: Pick<JsonThread, "check" | "read">;
  /** Milliseconds of one call. Default 30,000. */
  readonly timeout?: number | undefined;
  /** Certificate authority to trust instead of the system's. */
  readonly ca?: string | undefined;
}

export interface EndpointExecution {
  readonly id: string;
  readonly tenant: KnownTenant;
  /** Unchecked request. The kernel refuses a bad one. */
  readonly request: Pick<ExecuteRequest, "functions" | "functionsEndpoint">;
}

/** A reason that the code may know. Others would reveal what is behind a name. */
class EndpointFault extends Error {}

/**
 * Calls to functions of tenants at their endpoints. Each is posted once, signed as callbacks are. It
 * ends with its execution.
 */
export class EndpointCalls {
  readonly #options: EndpointCallsOptions;
  readonly #turns = new TenantTurns(AT_ONCE);

  constructor(options: EndpointCallsOptions) {
    this.#options = options;
  }

  /** Begins the calls of an execution, if its request names an endpoint. */
  begin(asked: EndpointExecution): { readonly calls: CallLine; close(): void } | undefined {
    const { id, tenant, request } = asked;
    const { functionsEndpoint: url, functions } = request;
    const { secretKey } = this.#options;
    if (typeof url !== "string" || secretKey === undefined) return undefined;
    const ended = new AbortController();
    const secret = callbackSecret(secretKey, tenant);
    const to = { url, secret, tenant, execution: id, signal: ended.signal };
    const calls: Calls = new Calls(Object.keys(functions ?? {}), (call) => {
      void this.#answered(call, to).then((answer) =>
        give(calls, call.serial, answer, ended.signal),
      );
    });
    const close = (): void => {
      ended.abort();
      calls.close();
    };
    return { calls, close };
  }

  /** Resolves with the endpoint's answer to a call, or with an error for the code. */
  async #answered(call: HeardCall, to: Receiver): Promise<GivenAnswer> {
    try {
      return await this.#turns.take(tenantKey(to.tenant), () => this.#ask(call, to));
    } catch (error) {
      const isKnown = error instanceof EndpointFault;
      const reason = isKnown ? error.message : "did not answer in time, or cannot be reached";
      const message = `The endpoint of ${call.name} ${reason}`;
      return { failed: true, text: JSON.stringify({ name: "Error", message }) };
    }
  }

  async #ask({ name, text }: HeardCall, to: Receiver): Promise<GivenAnswer> {
    const { url, secret, tenant, execution, signal } = to;
    const { operatorRules, results, timeout = CALL_MS, ca } = this.#options;
    signal.throwIfAborted();
    const check = (owner: string, args: string) => results.check(owner, args);
    const args = await argsText(check, tenant.id, text);
    const timestamp = new Date().toISOString();
    const head = JSON.stringify({ type: "function.called", timestamp }).slice(0, -1);
    const data = JSON.stringify({ execution, name }).slice(0, -1);
    const body = `${head},"data":${data},"args":${args}}}`;
    const delivery = { url, secret, tenant: tenant.id, id: executionId(), body };
    const options = { operatorRules, timeout, ca, signal, mostBytes: BODY_BYTES };
    const posted = await signedPost(delivery, options);
    return this.#read(tenant.id, posted);
  }

  async #read(
    tenant: string,
    { status, body }: Awaited<ReturnType<typeof signedPost>>,
  ): Promise<GivenAnswer> {
    if (status === 204) return { failed: false, text: "null" };
    if (status !== 200) throw new EndpointFault(`answered with the status ${status}`);
    const most = CALL_LIMITS.answerBytes;
    if (body === undefined) throw new EndpointFault(`answered with more than ${most} bytes`);
    try {
      const isSmall = body.length < LARGE;
      const value = isSmall ? parseJson(body) : await this.#options.results.read(tenant, body);
      return givenBy(callAnswer.parse(value));
    } catch {
      throw new EndpointFault("answered with something else than a result or an error as JSON");
    }
  }
}

interface Receiver {
  readonly url: string;
  readonly secret: string;
  readonly tenant: KnownTenant;
  readonly execution: string;
  /** Aborted when the execution has ended. */
  readonly signal: AbortSignal;
}
