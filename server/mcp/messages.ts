import { z } from "zod";
import { BadRequest } from "../../src/base/errors.ts";
import type { Caller } from "../tenants/auth.ts";
import type { Cancels } from "./cancels.ts";

/** Most messages of one array. */
const MOST = 20;
/** Most characters of an id. */
const MOST_ID = 256;

const message = z
  .looseObject({
    jsonrpc: z.literal("2.0"),
    id: z.union([z.string(), z.int()]).optional(),
    method: z.string().optional(),
    params: z.looseObject({}).optional(),
  })
  .meta({ id: "McpMessage" });

/** Body of `POST /mcp`, for the contract. */
export const mcpBody = z.union([message, z.array(message).min(1).max(MOST)]);

export type Message = z.output<typeof message>;

/**
 * Checks a body of messages.
 *
 * @throws {BadRequest} If it is none, or has too many, or two requests of one id.
 */
export function messagesOf(body: unknown): Message[] {
  const given = Array.isArray(body) ? body : [body];
  if (given.length === 0 || given.length > MOST) {
    throw new BadRequest("", `Expected one message of JSON-RPC, or 1 to ${MOST}`);
  }
  const ids = new Set<unknown>();
  return given.map((each) => {
    const { data, error } = message.safeParse(each);
    if (data === undefined) {
      const { path = [], message: text = "" } = error.issues[0] ?? {};
      throw new BadRequest("", `No message of JSON-RPC: ${path.join(".").slice(0, 100)} ${text}`);
    }
    const { id, method } = data;
    if (String(id ?? "").length > MOST_ID) throw new BadRequest("", "id: Too long");
    if (id !== undefined && method !== undefined) {
      if (ids.has(id)) throw new BadRequest("", "Two requests have the same id");
      ids.add(id);
    }
    return data;
  });
}

/** Serves cancellations, and returns the other messages. */
export function withoutCancels(
  messages: readonly Message[],
  cancels: Cancels,
  { caller, session }: { readonly caller: Caller; readonly session: string | undefined },
): Message[] {
  return messages.filter(({ id, method, params }) => {
    if (method !== "notifications/cancelled" || id !== undefined) return true;
    cancels.cancel(caller, session, params?.requestId);
    return false;
  });
}
