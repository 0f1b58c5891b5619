import { createHmac } from "node:crypto";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIPv6, type LookupFunction } from "node:net";
import { admit, type CheckedAddress, type OperatorRules } from "../../src/destinations/admit.ts";
import { callbackTarget } from "./callback-url.ts";

const CONNECT_WITHIN = 3_000;

export interface Delivery {
  readonly url: string;
  /** Whose names are looked up a few at a time. */
  readonly tenant: string;
  /** The same for every attempt: by it a receiver knows what it has had. */
  readonly id: string;
  /** JSON. */
  readonly body: string;
  /** As `callbackSecret()` gives it. */
  readonly secret: string;
}

export interface DeliverOptions {
  readonly operatorRules: OperatorRules;
  /** Milliseconds for all of it. Default 10,000. */
  readonly timeout?: number;
  /** A certificate authority to trust in place of the system's. */
  readonly ca?: string;
}

/**
 * Posts a signed callback once and resolves with the status of the answer, whose body is not read.
 * Redirects, and changes of protocol, are answers like any other. Every address the name leads to is checked, and
 * one of those is dialled. Rejects if there is no answer in time.
 */
export async function deliver(delivery: Delivery, options: DeliverOptions): Promise<number> {
  const { operatorRules, timeout = 10_000 } = options;
  const { url, destination } = callbackTarget(delivery.url, operatorRules);
  const signal = AbortSignal.timeout(timeout);
  const asker = { owner: delivery.tenant, run: delivery.id, signal };
  const answered = admit(destination, operatorRules, asker, timeout).then((addresses) =>
    post(url, addresses, delivery, { ...options, signal }),
  );
  // Whatever a receiver does with its connection, this is over when its time is.
  return Promise.race([answered, endOf(signal)]);
}

function post(
  url: URL,
  addresses: readonly CheckedAddress[],
  delivery: Delivery,
  { ca, signal }: DeliverOptions & { readonly signal: AbortSignal },
): Promise<number> {
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: "POST",
      // No connection is shared: what was checked is what this request is sent to.
      agent: false,
      lookup: lookupOf(addresses),
      headers: headersOf(delivery),
      signal,
      ...(ca !== undefined && { ca }),
    });
    // A receiver that is not there is not worth as long as one that thinks.
    const connecting = setTimeout(
      () => outgoing.destroy(new Error(`No connection within ${CONNECT_WITHIN} ms`)),
      CONNECT_WITHIN,
    );
    const answer = ({ statusCode }: IncomingMessage): void => {
      resolve(statusCode ?? 0);
      outgoing.destroy();
    };
    outgoing.once("socket", (socket) => socket.once("connect", () => clearTimeout(connecting)));
    // It can be closed without either an answer or an error.
    outgoing.once("close", () => {
      clearTimeout(connecting);
      reject(new Error("Closed without an answer"));
    });
    outgoing.once("error", reject);
    outgoing.once("response", answer);
    // Without a listener, Node closes it and says nothing.
    outgoing.once("upgrade", (response, socket) => {
      answer(response);
      socket.destroy();
    });
    outgoing.end(delivery.body);
  });
}

function endOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Answers with what has been checked, whatever a resolver would say by now. */
function lookupOf(addresses: readonly CheckedAddress[]): LookupFunction {
  const answers = addresses.map(({ ip }) => ({ address: ip, family: isIPv6(ip) ? 6 : 4 }));
  return (_name, { all }, done) => {
    const [first] = answers;
    if (all) done(null, answers);
    else done(null, first?.address ?? "", first?.family);
  };
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

/** As Standard Webhooks has it. In native code: a body has megabytes, and this is the loop that serves requests. */
function signatureOf(head: string, body: string, secret: string): string {
  const key = Buffer.from(secret.slice(secret.indexOf("_") + 1), "base64");
  return createHmac("sha256", key).update(head).update(body).digest("base64");
}
