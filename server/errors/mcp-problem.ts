import { z } from "zod";
import type { ErrorShape } from "./error-shape.ts";
import { type Problem, problemResponse } from "./problem.ts";

/** Codes of JSON-RPC: of a faulty request, and of any other failure. */
const INVALID_REQUEST = -32_600;
const SERVER_ERROR = -32_000;

/** An error in the form of JSON-RPC, without the id of its request. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  /** Fields of the problem, such as its `code` and `requestId`. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Puts a problem into the form of JSON-RPC. */
export function rpcError({ error: { name: _name, message, ...data } }: Problem): RpcError {
  const code = data.code === "BAD_REQUEST" ? INVALID_REQUEST : SERVER_ERROR;
  return { code, message, data };
}

const schema = z
  .object({
    jsonrpc: z.literal("2.0"),
    id: z.null(),
    error: z.object({
      code: z.int(),
      message: z.string(),
      data: z.looseObject({ code: z.string(), requestId: z.string() }),
    }),
  })
  .meta({ id: "McpProblem" });

/** Form of errors of the route for MCP: of JSON-RPC. */
export const MCP_ERRORS: ErrorShape = {
  schema,
  respond: (thrown, requestId) =>
    problemResponse(thrown, requestId, (problem) => ({
      jsonrpc: "2.0",
      id: null,
      error: rpcError(problem),
    })),
};
