import type { IncomingMessage } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { Aborted } from "../../../src/base/errors.ts";
import { PACE, Pace, type PaceLimits } from "./pace.ts";

/** A request whose body has not been read. */
export interface BodySource {
  readonly request: Request;
  /** The connection it arrives on; absent for a request that was made in this process. */
  readonly connection?: Partial<HttpBindings> | undefined;
}

/** The body of the request that `c` is about. */
export function bodyOf(c: Context): BodySource {
  return { request: c.req.raw, connection: c.env as Partial<HttpBindings> | undefined };
}

/**
 * Hands each chunk of a body to `take` as it arrives. Rejects with what `take` throws, with 408 for a body
 * that arrives too slowly, and with `Aborted` for one that breaks off. The rest of a body that is not read
 * to its end is not read, and its connection is closed behind the answer.
 */
export async function eachChunk(
  { request, connection }: BodySource,
  take: (chunk: Uint8Array) => void,
  limits: PaceLimits = PACE,
): Promise<void> {
  const { incoming, outgoing } = connection ?? {};
  if (incoming === undefined) {
    for await (const chunk of request.body ?? []) take(chunk);
    return;
  }
  try {
    await fromConnection(incoming as IncomingMessage, take, limits);
  } catch (error) {
    // What is left of the body would be taken for the next request.
    if (outgoing !== undefined && "shouldKeepAlive" in outgoing) outgoing.shouldKeepAlive = false;
    throw error;
  }
}

function fromConnection(
  incoming: IncomingMessage,
  take: (chunk: Uint8Array) => void,
  limits: PaceLimits,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown): void => {
      pace?.stop();
      incoming.off("data", onData).off("end", onEnd).off("close", onClose);
      if (error === undefined) resolve();
      else {
        incoming.pause();
        reject(error);
      }
    };
    // Most bodies arrive with their heads.
    const pace = incoming.complete ? undefined : new Pace(limits, settle);
    const onData = (chunk: Uint8Array): void => {
      try {
        pace?.add(chunk.length);
        take(chunk);
      } catch (error) {
        settle(error);
      }
    };
    const onEnd = (): void => settle();
    const onClose = (): void => {
      // A whole body was there before its sender left; what of it nobody has read is still kept.
      if (incoming.complete) {
        for (let chunk = incoming.read(); chunk !== null; chunk = incoming.read()) onData(chunk);
        settle();
      } else settle(new Aborted());
    };
    incoming.on("data", onData).on("end", onEnd).on("close", onClose);
    // Else its absence would end the process.
    incoming.on("error", () => {});
    if (incoming.destroyed) onClose();
    else if (incoming.readableEnded) onEnd();
  });
}
