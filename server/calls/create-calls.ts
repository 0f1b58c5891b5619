import type { JsonThread } from "../http/json-thread/json-thread.ts";
import type { Store } from "../store/contract/store.ts";
import { CallRelay, type CallRelayOptions } from "./call-relay.ts";
import { OpenCalls } from "./open-calls.ts";

export interface CreateCallsOptions extends CallRelayOptions {
  readonly store: Store;
  /** Thread that reads long arguments. */
  readonly results: JsonThread;
}

/** Makes the calls of a server, and the way to those of others if the store has any. */
export function createCalls({ results, ...options }: CreateCallsOptions): {
  readonly openCalls: OpenCalls;
  readonly callRelay: CallRelay | undefined;
} {
  const { store, nodeId } = options;
  const callRelay = store.isShared ? new CallRelay(options) : undefined;
  const check = (tenant: string, text: string) => results.check(tenant, text);
  return { openCalls: new OpenCalls({ nodeId, check, relay: callRelay }), callRelay };
}
