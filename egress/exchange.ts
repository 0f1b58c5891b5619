import type { Socket } from "node:net";
import { hangUp } from "../src/base/hang-up.ts";
import { Refusal } from "../src/destinations/refusal.ts";
import { AnswerBody } from "./answer-body.ts";
import { answerFramingOf } from "./answer-framing.ts";
import { BodyEnd } from "./body-end.ts";
import {
  type Field,
  framingOf,
  HeadSyntaxError,
  parseResponseHead,
  type ResponseHead,
} from "./head.ts";
import { pump, writeAndWait } from "./pump.ts";
import { HeadError, type HeadLimits, readHead } from "./read-head.ts";
import type { ExchangeRequest } from "./rewrite.ts";
import {
  wantsWebSocket,
  writeInterimHead,
  writeRequestHead,
  writeResponseHead,
  writeSwitchHead,
} from "./rewrite.ts";
import type { Tunnel } from "./tunnel.ts";

/**
 * Limits of a response's head. Servers set more fields than clients: above all cookies and
 * policies.
 */
const RESPONSE_HEAD: HeadLimits = { bytes: 65_536, lines: 202 };
const SWITCHING_PROTOCOLS = 101;
/** Most interim responses. `102 Processing` is sent every few seconds, `103` once or twice. */
const MAX_INTERIM = 64;
/** Most bytes of all interim responses. */
const MAX_INTERIM_BYTES = 65_536;

/**
 * Carries out one HTTP request. Writes its head anew, then forwards its body. Returns the response
 * while the body may still be on its way. `rest` holds the bytes behind the request's head. Bytes
 * behind the body never reach the host, unless it switches protocols.
 *
 * @throws {Refusal} If the client has had no response yet.
 */
export async function exchange(
  tunnel: Tunnel,
  upstream: Socket,
  request: ExchangeRequest,
  rest: Buffer,
): Promise<void> {
  const { client } = tunnel;
  const upgrade = wantsWebSocket(request);
  const body = new BodyEnd(framingOf(request.fields));
  if (upgrade && !body.done) throw new Refusal("BAD_REQUEST", "An upgrade has no body");

  const head = Buffer.from(writeRequestHead(request, upgrade), "latin1");
  if (!tunnel.out(head.length)) throw tunnel.reason();
  upstream.write(head);
  const sending = sendBody(tunnel, upstream, body, rest);
  try {
    const { response, behind } = await readFinalHead(tunnel, upstream, request);
    const switched = response.status === SWITCHING_PROTOCOLS;
    if (switched && !upgrade) throw new Refusal("UPSTREAM_FAILED", "The host switched protocols");
    const framing = answerFramingOf(request.method, response);
    tunnel.answered();
    const head = switched ? writeSwitchHead(response) : writeResponseHead(response, framing);
    client.write(Buffer.from(head, "latin1"));
    if (switched) {
      if (behind.length > 0 && tunnel.in(behind.length)) client.write(behind);
      tunnel.splice(upstream, rest);
    } else {
      sendAnswer(tunnel, upstream, {
        body: new AnswerBody(framing, response.fields),
        behind,
        sending,
      });
    }
  } catch (error) {
    sending.stop();
    throw sending.fault() ?? error;
  }
}

interface Sending {
  /** Stops reading from the client's socket. */
  readonly stop: () => void;
  /** Resolves once there is nothing left to send. */
  readonly stopped: Promise<void>;
  /** Returns the fault of the request's body, if there is one. */
  readonly fault: () => Refusal | undefined;
}

/** Forwards exactly the body. */
function sendBody(tunnel: Tunnel, upstream: Socket, body: BodyEnd, rest: Buffer): Sending {
  const { client } = tunnel;
  let fault: Refusal | undefined;
  let stopped = body.done;
  let tellStopped = (): void => {};
  const whenStopped = new Promise<void>((resolve) => {
    tellStopped = resolve;
  });

  const onData = (chunk: Buffer) => {
    try {
      const bytes = chunk.subarray(0, body.take(chunk));
      if (body.done) stop();
      if (!tunnel.out(bytes.length) || upstream.write(bytes) || stopped) return;
      client.pause();
      upstream.once("drain", resume);
    } catch (error) {
      fail(error instanceof HeadSyntaxError ? error.message : "The body cannot be read");
    }
  };
  const onEnd = () => fail("The request ended before its body");

  function resume(): void {
    if (!stopped) client.resume();
  }
  function fail(message: string): void {
    stop();
    fault = new Refusal("BAD_REQUEST", message);
    tunnel.end("BAD_REQUEST");
  }
  // Stops reading from the client, so that whatever it sends further fills its own memory.
  function stop(): void {
    if (stopped) return;
    stopped = true;
    tellStopped();
    client.off("data", onData).off("end", onEnd).pause();
  }

  if (stopped) {
    tellStopped();
  } else {
    client.on("data", onData).once("end", onEnd);
    upstream.once("close", stop);
    if (rest.length > 0) onData(rest);
    if (client.readableEnded && !body.done) onEnd();
    resume();
  }
  return { stop, stopped: whenStopped, fault: () => fault };
}

/** Reads the head of the final response. Forwards the interim ones before it (`100 Continue`). */
async function readFinalHead(
  tunnel: Tunnel,
  upstream: Socket,
  { mask = unmasked }: Pick<ExchangeRequest, "mask">,
) {
  let behind: Buffer = Buffer.alloc(0);
  let bytes = 0;
  for (let interim = 0; interim <= MAX_INTERIM && bytes <= MAX_INTERIM_BYTES; interim += 1) {
    const response = await readResponse();
    if (response.status >= 200 || response.status === SWITCHING_PROTOCOLS) {
      return { response, behind };
    }
    const head = Buffer.from(writeInterimHead(response), "latin1");
    bytes += head.length;
    await writeAndWait(tunnel.client, head, upstream);
  }
  throw new Refusal("UPSTREAM_FAILED", "The host sent too many interim answers");

  async function readResponse(): Promise<ResponseHead> {
    try {
      const { head, rest } = await readHead(upstream, behind, RESPONSE_HEAD);
      behind = rest;
      if (!tunnel.in(head.length)) throw tunnel.reason();
      return masked(parseResponseHead(head), mask);
    } catch (error) {
      if (error instanceof HeadSyntaxError) throw new Refusal("UPSTREAM_FAILED", error.message);
      if (error instanceof HeadError && error.fault !== "closed") {
        throw new Refusal("UPSTREAM_FAILED", error.message);
      }
      throw error instanceof HeadError ? tunnel.reason() : error;
    }
  }
}

const unmasked = (text: string): string => text;

/** Masks secrets that a host repeats in its head. */
function masked({ status, reason, fields }: ResponseHead, mask: typeof unmasked): ResponseHead {
  if (mask === unmasked) return { status, reason, fields };
  const told = fields.map(([name, value]): Field => [name, mask(value)]);
  return { status, reason: mask(reason), fields: told };
}

interface Answering {
  readonly body: AnswerBody;
  /** Bytes that arrived behind the head. */
  readonly behind: Buffer;
  readonly sending: Sending;
}

/** Forwards the body until it is complete and the request is sent, or until the host closes. */
function sendAnswer(tunnel: Tunnel, upstream: Socket, { body, behind, sending }: Answering): void {
  const { client } = tunnel;
  let over = false;
  upstream.once("close", () => {
    // A host may answer before it has the whole request, then close. Its response is complete.
    if (body.done) finish();
    else if (!over) tunnel.end("UPSTREAM_FAILED");
  });
  const finish = (): void => {
    if (over) return;
    over = true;
    upstream.destroy();
    sending.stop();
    const last = body.end();
    if (last.length > 0 && client.writable) client.write(last);
    hangUp(client);
  };
  const finishWhenSent = (): void => void sending.stopped.then(finish);
  const pass = (chunk: Buffer): boolean => {
    if (body.done) return true;
    try {
      const bytes = body.take(chunk);
      const taken = bytes.length === 0 || client.write(bytes);
      if (body.done) finishWhenSent();
      return taken;
    } catch {
      // The response has begun. Cutting it off is the only way to report the fault.
      tunnel.end("UPSTREAM_FAILED");
      return true;
    }
  };
  if (body.done) finishWhenSent();
  else if (behind.length > 0 && tunnel.in(behind.length)) pass(behind);
  pump(upstream, client, tunnel.in, finish, pass);
}
