import { messageOf } from "../../src/base/errors.ts";
import { Calls, type HeardCall } from "../../src/calls/calls.ts";
import { type DeclaredFunctions, declarationOf } from "../../src/calls/declaration.ts";
import type { Answered } from "../../src/protocol/calls.ts";
import { type KnownTenant, tenantKey } from "../../src/request/tenant.ts";
import { executionId } from "../runs/execution-id.ts";
import type { Caller } from "../tenants/auth.ts";
import { answererOf, type CalledBy, mayAnswer } from "./answerer.ts";
import { argsText, type CheckJson } from "./args-text.ts";
import { callId, readCallId } from "./call-id.ts";
import type { CallRelay, RelayedAnswer } from "./call-relay.ts";
import type { GivenAnswer } from "./given-answer.ts";

export interface OpenCallsOptions {
  readonly nodeId: string;
  readonly check: CheckJson;
  /** Way to other servers. Default: there are none. */
  readonly relay?: CallRelay | undefined;
}

type Tell = (data: string, serial: number) => void;

interface Answerable extends CalledBy {
  readonly calls: Calls;
}

/** An execution with functions of its caller. */
export interface CalledExecution {
  readonly id: string;
  readonly started: string;
  /** Begins the calls. `tell` takes each one's data as JSON, and throws if there is no room for it. */
  begin(tell: Tell): Calls;
  close(): void;
}

/** Calls of all executions to functions of their callers. */
export class OpenCalls {
  readonly #options: OpenCallsOptions;
  /** Execution → its calls, and who may answer them. */
  readonly #executions = new Map<string, Answerable>();

  constructor(options: OpenCallsOptions) {
    this.#options = options;
    options.relay?.serve((asked) => this.#answerHere(asked));
  }

  /**
   * Makes an execution whose calls are open from `begin()` to `close()`. `deployed` is the name of the
   * function that it calls, if it is one.
   */
  open(tenant: KnownTenant, functions: DeclaredFunctions, deployed?: string): CalledExecution {
    const id = executionId();
    return {
      id,
      started: JSON.stringify({ id, dts: declarationOf(functions) }),
      begin: (tell) => {
        let told = Promise.resolve();
        const calls: Calls = new Calls(Object.keys(functions), (call) => {
          // One after another, so that the caller hears of them in their order.
          told = told
            .then(() => this.#tell(tenant.id, call, tell))
            .catch((error: unknown) => {
              const fault = {
                name: "Error",
                message: `The caller cannot be asked: ${messageOf(error)}`,
              };
              calls.answer(call.serial, { failed: true, text: JSON.stringify(fault) });
            });
        });
        this.#executions.set(id, { tenant: tenantKey(tenant), deployed, calls });
        return calls;
      },
      close: () => {
        this.#executions.get(id)?.calls.close();
        this.#executions.delete(id);
      },
    };
  }

  /** Gives an answer to an execution of its tenant, here or on another server. */
  async answer(
    caller: Caller,
    execution: string,
    call: string,
    answer: GivenAnswer,
  ): Promise<Answered> {
    const place = readCallId(call);
    if (place === undefined) return "unknown";
    const { node, serial } = place;
    const asked = { ...answererOf(caller), execution, serial, ...answer };
    if (node === this.#options.nodeId) return this.#answerHere(asked);
    return (await this.#options.relay?.ask(node, asked)) ?? "unknown";
  }

  #answerHere({ execution, serial, failed, text, ...answerer }: RelayedAnswer): Answered {
    const found = this.#executions.get(execution);
    if (found === undefined || !mayAnswer(answerer, found)) return "unknown";
    return found.calls.answer(serial, { failed, text });
  }

  async #tell(tenant: string, call: HeardCall, tell: Tell): Promise<void> {
    const { nodeId, check } = this.#options;
    const { serial, name, text } = call;
    const args = await argsText(check, tenant, text);
    const id = JSON.stringify(callId({ node: nodeId, serial }));
    tell(`{"id":${id},"name":${JSON.stringify(name)},"args":${args}}`, serial);
  }
}
