import type { ExecuteRequest, Output } from "../../src/request/types.ts";

/** Whoever brings requests in: the library, or HTTP. */
export interface Caller {
  execute(request: ExecuteRequest): Promise<Output>;
  /** Resolves once a sandbox is warm, so that a short timeout is about the code alone. */
  ready(): Promise<void>;
}
