import type { IncomingMessage } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { Aborted } from "../../../src/base/errors.ts";
import { PACE, Pace, type PaceLimits } from "./pace.ts";

/** A request whose body has not been read. */
export interface BodySource {
  readonly request: Request;
  /** Connection of the request; absent for a request made in this process. */
  readonly connection?: Partial<HttpBindings> | undefined;
}

/** Returns the body source of the request in `c`. */
export function bodyOf(c: Context): BodySource {
  return { request: c.req.raw, connection: c.env as Partial<HttpBindings> | undefined };
}

/**
 * Passes each chunk of a body to `take` as it arrives. After an error, the rest of the body is not
 * read, and the connection is closed after the answer. An error of `take` is thrown, too.
 *
 * @throws {HttpProblem} 408 if it arrives too slowly.
 * @throws {Aborted} If the connection ends before it.
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
    // The rest of the body would be taken for the next request.
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
    // Most bodies arrive together with their heads.
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
      // The body arrived before its sender closed the connection, so the rest of it can be read.
      if (incoming.complete) {
        for (let chunk = incoming.read(); chunk !== null; chunk = incoming.read()) onData(chunk);
        settle();
      } else settle(new Aborted());
    };
    incoming.on("data", onData).on("end", onEnd).on("close", onClose);
    // An "error" event without a listener would end the process.
    incoming.on("error", () => {});
    if (incoming.destroyed) onClose();
    else if (incoming.readableEnded) onEnd();
  });
}
