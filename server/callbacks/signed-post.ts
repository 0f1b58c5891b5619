import { createHmac } from "node:crypto";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { untilAborted } from "../../src/base/until-aborted.ts";
import { admit, type CheckedAddress, type OperatorRules } from "../../src/destinations/admit.ts";
import { checkedLookup } from "../../src/destinations/checked-lookup.ts";
import { callbackTarget } from "./callback-url.ts";

const CONNECT_WITHIN = 3_000;

export interface Delivery {
  readonly url: string;
  /** Tenant, for which only a few names are looked up at a time. */
  readonly tenant: string;
  /** Id of all attempts. Receivers recognise repetitions by it. */
  readonly id: string;
  /** JSON text. */
  readonly body: string;
  /** Secret from `callbackSecret()`. */
  readonly secret: string;
}

export interface PostOptions {
  readonly operatorRules: OperatorRules;
  /** Milliseconds for the whole attempt, the answer's body included. Default 10,000. */
  readonly timeout?: number | undefined;
  /** Certificate authority to trust instead of the system's. */
  readonly ca?: string | undefined;
  /** Ends the attempt once aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Most bytes of the answer's body to read. Default 0: it is not waited for. */
  readonly mostBytes?: number | undefined;
}

export interface Posted {
  readonly status: number;
  /** Body of the answer; `undefined` if it was not read, or exceeds its bound. */
  readonly body: Uint8Array | undefined;
}

/**
 * Posts a signed text once. Resolves with the answer. Redirects and protocol changes count as answers.
 * Checks every address of the name and dials one of them. Rejects without an answer in time.
 */
export async function signedPost(delivery: Delivery, options: PostOptions): Promise<Posted> {
  const { operatorRules, timeout = 10_000 } = options;
  const { url, destination } = callbackTarget(delivery.url, operatorRules);
  const inTime = AbortSignal.timeout(timeout);
  const signal = options.signal ? AbortSignal.any([inTime, options.signal]) : inTime;
  const asker = { owner: delivery.tenant, run: delivery.id, signal };
  const answered = admit(destination, operatorRules, asker, timeout).then((addresses) =>
    post(url, addresses, delivery, { ...options, signal }),
  );
  // Ends at the timeout, whatever the receiver does with its connection.
  return untilAborted(answered, signal);
}

function post(
  url: URL,
  addresses: readonly CheckedAddress[],
  delivery: Delivery,
  { ca, signal, mostBytes = 0 }: PostOptions & { readonly signal: AbortSignal },
): Promise<Posted> {
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: "POST",
      // No shared connection: the request must reach the checked address.
      agent: false,
      lookup: checkedLookup(addresses),
      headers: headersOf(delivery),
      signal,
      ...(ca !== undefined && { ca }),
    });
    // A receiver that cannot be reached gets less time than one that is slow to answer.
    const connecting = setTimeout(
      () => outgoing.destroy(new Error(`No connection within ${CONNECT_WITHIN} ms`)),
      CONNECT_WITHIN,
    );
    const answer = ({ statusCode: status = 0 }: IncomingMessage, body?: Uint8Array): void => {
      resolve({ status, body });
      outgoing.destroy();
    };
    outgoing.once("socket", (socket) => socket.once("connect", () => clearTimeout(connecting)));
    // It may close with neither a response nor an error.
    outgoing.once("close", () => {
      clearTimeout(connecting);
      reject(new Error("Closed without an answer"));
    });
    outgoing.once("error", reject);
    outgoing.once("response", (response) => {
      if (mostBytes === 0) return answer(response);
      readBody(response, mostBytes).then((body) => answer(response, body), reject);
    });
    // Without a listener, Node closes the connection silently.
    outgoing.once("upgrade", (response, socket) => {
      answer(response);
      socket.destroy();
    });
    outgoing.end(delivery.body);
  });
}

/** Reads a body, or returns `undefined` as soon as it exceeds its bound. */
async function readBody(response: IncomingMessage, most: number): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += (chunk as Buffer).length;
    if (size > most) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function headersOf({ id, body, secret }: Delivery): Record<string, string | number> {
  const now = Math.floor(Date.now() / 1_000);
  return {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
    "User-Agent": "isolate",
    "webhook-id": id,
    "webhook-timestamp": now,
    "webhook-signature": `v1,${signatureOf(`${id}.${now}.`, body, secret)}`,
  };
}

/**
 * Signs as Standard Webhooks specifies. In native code, because a body may have megabytes and this
 * is the event loop.
 */
function signatureOf(head: string, body: string, secret: string): string {
  const key = Buffer.from(secret.slice(secret.indexOf("_") + 1), "base64");
  return createHmac("sha256", key).update(head).update(body).digest("base64");
}
