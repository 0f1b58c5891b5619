import type { Socket } from "node:net";
import { Refusal } from "../src/destinations/refusal.ts";
import { framingOf, HeadSyntaxError, parseRequestHead, type RequestHead } from "./head.ts";
import { HeadError, type HeadLimits, readHead } from "./read-head.ts";

/**
 * Limits of a request's head: 16 KiB and 100 headers, besides the request line and the empty line.
 */
const REQUEST_HEAD: HeadLimits = { bytes: 16_384, lines: 102 };

/**
 * Reads the head of a request. `opening` holds the bytes received so far, and `deadline` is the time
 * limit.
 *
 * @throws {Refusal} If no plain head comes in time.
 */
export async function readRequest(
  client: Socket,
  opening: Buffer,
  deadline: number,
): Promise<{ readonly request: RequestHead; readonly rest: Buffer }> {
  try {
    const left = Math.max(deadline - Date.now(), 1);
    const { head, rest } = await readHead(client, opening, REQUEST_HEAD, left);
    const request = parseRequestHead(head);
    // Checks the length before any byte of the body is read.
    framingOf(request.fields);
    return { request, rest };
  } catch (error) {
    throw headRefusal(error);
  }
}

function headRefusal(error: unknown): Refusal {
  if (error instanceof HeadSyntaxError) return new Refusal("BAD_REQUEST", error.message);
  if (!(error instanceof HeadError)) return new Refusal("INTERNAL", "The proxy failed");
  if (error.fault === "too-late") return new Refusal("HEAD_TIMEOUT", error.message);
  if (error.fault === "too-large") return new Refusal("HEAD_TOO_LARGE", error.message);
  return new Refusal("BAD_REQUEST", error.message);
}
