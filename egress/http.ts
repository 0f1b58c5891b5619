import type { Socket } from "node:net";
import { hangUp } from "../src/base/hang-up.ts";
import { formatHost } from "../src/destinations/host.ts";
import { Refusal, refusalResponse, type Subject } from "../src/destinations/refusal.ts";
import { quotable } from "../src/protocol/subject-text.ts";
import { exchange } from "./exchange.ts";
import { framingOf, HeadSyntaxError, parseRequestHead, type RequestHead } from "./head.ts";
import type { ProxiedRun } from "./proxied-run.ts";
import { HeadError, type HeadLimits, readHead } from "./read-head.ts";
import { readTarget, type Target } from "./request-target.ts";
import type { Tunnel } from "./tunnel.ts";

/**
 * Limits of a request's head: 16 KiB and 100 headers, besides the request line and the empty line.
 */
const REQUEST_HEAD: HeadLimits = { bytes: 16_384, lines: 102 };
const ESTABLISHED = "HTTP/1.1 200 Connection Established\r\n\r\n";

/**
 * Serves one HTTP proxy request, `CONNECT` or with an absolute URL, and no second one. `opening`
 * holds the bytes received so far, and `deadline` is the time limit of the head. Does not throw.
 */
export async function serveHttp(
  client: Socket,
  opening: Buffer,
  run: ProxiedRun,
  deadline: number,
): Promise<void> {
  let subject: Subject = { host: "", port: 0 };
  let tunnel: Tunnel | undefined;
  try {
    const { request, rest } = await readRequest(client, opening, run, deadline);
    subject = { host: quotable(request.target), port: 0 };
    const target = noting(run, subject, () => readTarget(request));
    const { host, port } = target.destination;
    subject = { host: formatHost(host), port };
    tunnel = await run.open(target.destination, client);
    await carry(tunnel, request, target, rest);
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal("INTERNAL", "The proxy failed");
    tunnel?.end(refusal.code);
    if (!client.destroyed) hangUp(client, refusalResponse(refusal, subject));
  }
}

async function readRequest(client: Socket, opening: Buffer, run: ProxiedRun, deadline: number) {
  try {
    const left = Math.max(deadline - Date.now(), 1);
    const { head, rest } = await readHead(client, opening, REQUEST_HEAD, left);
    const request = parseRequestHead(head);
    // Checks the length before any byte of the body is read.
    framingOf(request.fields);
    return { request, rest };
  } catch (error) {
    const refusal = headRefusal(error);
    // A client that has gone was denied nothing.
    if (!client.destroyed) run.decisions.deny({ host: "", port: 0 }, refusal);
    throw refusal;
  }
}

async function carry(tunnel: Tunnel, request: RequestHead, target: Target, rest: Buffer) {
  if (tunnel.client.destroyed) throw tunnel.reason();
  const upstream = await tunnel.dial();
  if (target.kind === "exchange") {
    await exchange(tunnel, upstream, { ...request, ...target }, rest);
    return;
  }
  tunnel.client.write(ESTABLISHED);
  tunnel.answered();
  tunnel.splice(upstream, rest);
}

function noting<T>(run: ProxiedRun, subject: Subject, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refusal) run.decisions.deny(subject, error);
    throw error;
  }
}

function headRefusal(error: unknown): Refusal {
  if (error instanceof HeadSyntaxError) return new Refusal("BAD_REQUEST", error.message);
  if (!(error instanceof HeadError)) return new Refusal("INTERNAL", "The proxy failed");
  if (error.fault === "too-late") return new Refusal("HEAD_TIMEOUT", error.message);
  if (error.fault === "too-large") return new Refusal("HEAD_TOO_LARGE", error.message);
  return new Refusal("BAD_REQUEST", error.message);
}
