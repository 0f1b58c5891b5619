import { type Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";

export interface ExchangeOptions {
  readonly url: URL;
  readonly agent: Agent;
  readonly headers: Readonly<Record<string, string>>;
  /** Body of a POST. Default: it is a GET. */
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
  /** Milliseconds without a byte. */
  readonly idle: number;
  /** Called for the head of the answer. An error ends the exchange. */
  readonly onHead: (head: IncomingMessage) => void;
  /** Called for each part of the body. An error ends the exchange. */
  readonly onData: (chunk: Buffer) => void;
}

/** Failure of a connection, or a time that is up. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
}

/** Sends one request. Resolves at the end of its answer. */
export function exchange(options: ExchangeOptions): Promise<void> {
  const { url, agent, headers, body = "", signal, idle, onHead, onData } = options;
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  const method = options.body === undefined ? "GET" : "POST";
  const length = method === "POST" && { "Content-Length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, agent, headers: { ...headers, ...length }, signal });
    let isOver = false;
    const end = (settle: () => void): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      settle();
    };
    const fail = (error: unknown): void =>
      end(() => {
        outgoing.destroy();
        reject(error);
      });
    const broken = (code = "ECONNRESET"): void => {
      fail(signal.aborted ? signal.reason : new ExchangeError(code));
    };
    const timer = setTimeout(() => broken("ETIMEDOUT"), idle);
    const guarded =
      <T>(work: (value: T) => void) =>
      (value: T): void => {
        if (isOver) return;
        timer.refresh();
        try {
          work(value);
        } catch (error) {
          fail(error);
        }
      };
    const onError = ({ code }: NodeJS.ErrnoException): void => broken(code);
    // Stays, because a destroyed request may fail once more.
    outgoing.on("error", onError);
    outgoing.once("close", () => broken());
    outgoing.once("response", (head) => {
      head.on("error", onError);
      head.on("data", guarded(onData));
      head.once("end", () => (head.complete ? end(resolve) : broken()));
      guarded(onHead)(head);
    });
    outgoing.end(body);
  });
}
