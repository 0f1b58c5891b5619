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
  const { url, agent, headers, body, signal, idle, onHead, onData } = options;
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: body === undefined ? "GET" : "POST",
      agent,
      headers: {
        ...headers,
        ...(body !== undefined && { "Content-Length": Buffer.byteLength(body) }),
      },
      signal,
    });
    const fail = (error: unknown): void => {
      clearTimeout(timer);
      outgoing.destroy();
      reject(error);
    };
    const late = (): void => fail(new ExchangeError("ETIMEDOUT"));
    const timer = setTimeout(late, idle);
    const guarded =
      <T>(work: (value: T) => void) =>
      (value: T): void => {
        timer.refresh();
        try {
          work(value);
        } catch (error) {
          fail(error);
        }
      };
    const broken = (error: NodeJS.ErrnoException): void => {
      fail(signal.aborted ? signal.reason : new ExchangeError(error.code ?? "ECONNRESET"));
    };
    outgoing.once("error", broken);
    outgoing.once("close", () => broken(new Error("Closed without an answer")));
    outgoing.once(
      "response",
      guarded((head: IncomingMessage) => {
        head.on("data", guarded(onData));
        head.once("error", broken);
        head.once("end", () => {
          clearTimeout(timer);
          resolve();
        });
        onHead(head);
      }),
    );
    outgoing.end(body);
  });
}
