import type { ExecuteRequest, Output } from "../../src/request/types.ts";

/** Sender of requests: the library, or a client over HTTP. */
export interface Caller {
  execute(request: ExecuteRequest): Promise<Output>;
  /** Resolves once a sandbox is warm, so that a short timeout counts only the code. */
  ready(): Promise<void>;
}
