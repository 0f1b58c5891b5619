import { messageOf } from "../../src/base/errors.ts";
import type { JsonText } from "../../src/base/json-text.ts";
import { Calls, type HeardCall } from "../../src/calls/calls.ts";
import { type DeclaredFunctions, declarationOf } from "../../src/calls/declaration.ts";
import type { CallLine } from "../../src/engines/contract/contract.ts";
import type { Answered, CallAnswer } from "../../src/protocol/calls.ts";
import { type KnownTenant, tenantKey } from "../../src/request/tenant.ts";
import { executionId } from "../runs/execution-id.ts";
import { callId, readCallId } from "./call-id.ts";
import type { CallRelay, RelayedAnswer } from "./call-relay.ts";

/** Characters of arguments that are parsed at once. Longer ones are parsed in a thread. */
const SMALL = 1_024;

export interface OpenCallsOptions {
  readonly nodeId: string;
  /** Checks that a tenant's text is JSON, and returns it on one line. */
  readonly check: (tenant: string, text: string) => Promise<JsonText>;
  /** Way to other servers. Default: there are none. */
  readonly relay?: CallRelay | undefined;
}

/** Answer of a caller to one call. */
export type GivenAnswer = Omit<CallAnswer, "number">;

/** An execution with functions of its caller. */
export interface CalledExecution {
  readonly id: string;
  readonly started: string;
  begin(tell: (data: string) => void): CallLine;
  close(): void;
}

/** Calls of all executions to functions of their callers. */
export class OpenCalls {
  readonly #options: OpenCallsOptions;
  /** Execution → its tenant and its calls. */
  readonly #executions = new Map<string, { readonly tenant: string; readonly calls: Calls }>();

  constructor(options: OpenCallsOptions) {
    this.#options = options;
    options.relay?.serve((asked) => this.#answerHere(asked));
  }

  /** Makes an execution whose calls are open from `begin()` to `close()`. */
  open(tenant: KnownTenant, functions: DeclaredFunctions): CalledExecution {
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
        this.#executions.set(id, { tenant: tenantKey(tenant), calls });
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
    tenant: KnownTenant,
    execution: string,
    call: string,
    answer: GivenAnswer,
  ): Promise<Answered> {
    const place = readCallId(call);
    if (place === undefined) return "unknown";
    const { node, serial } = place;
    const asked = { tenant: tenantKey(tenant), execution, serial, ...answer };
    if (node === this.#options.nodeId) return this.#answerHere(asked);
    return (await this.#options.relay?.ask(node, asked)) ?? "unknown";
  }

  #answerHere({ tenant, execution, serial, failed, text }: RelayedAnswer): Answered {
    const found = this.#executions.get(execution);
    if (found?.tenant !== tenant) return "unknown";
    return found.calls.answer(serial, { failed, text });
  }

  async #tell(tenant: string, call: HeardCall, tell: (data: string) => void): Promise<void> {
    const { nodeId, check } = this.#options;
    const { serial, name, text } = call;
    const args = text.length <= SMALL ? oneLine(text) : (await check(tenant, text)).text;
    const id = JSON.stringify(callId({ node: nodeId, serial }));
    tell(`{"id":${id},"name":${JSON.stringify(name)},"args":${args}}`);
  }
}

/** Checks that a text is JSON, and takes its line breaks out, which would end an event's data. */
function oneLine(text: string): string {
  JSON.parse(text);
  return text.replace(/[\r\n]/g, " ");
}
