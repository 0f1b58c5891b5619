import type { IncomingMessage } from "node:http";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { RegistryFailed, RegistryUnavailable } from "../../base/errors.ts";
import { admit } from "../../destinations/admit.ts";
import { checkedLookup } from "../../destinations/checked-lookup.ts";
import { Refusal } from "../../destinations/refusal.ts";
import type { PackageLimits } from "../limits.ts";
import type { RegistryAddress } from "./address.ts";
import { type Budget, TooMuch } from "./budget.ts";
import { ExchangeError, exchange } from "./exchange.ts";

const MAX_SOCKETS = 8;
const RETRY_AFTER = 250;
const MAX_RETRY_AFTER = 3_600;
const MAX_HOST = 255;

export interface RegistryOptions extends RegistryAddress {
  /** Bearer token. Only requests to this registry have it. */
  readonly token?: string | undefined;
  /** Certificate authority to trust instead of the system's. */
  readonly ca?: string | undefined;
  readonly limits: PackageLimits;
}

export interface RegistryRequest {
  /** Path below the registry, with its first slash. */
  readonly path: string;
  /** Package that it is for, in messages. */
  readonly subject: string;
  readonly most: number;
  readonly accept: string;
  readonly encoding: "gzip" | "identity";
  readonly body?: string | undefined;
  /** Called at the start of each try. */
  readonly onStart?: () => void;
  readonly onData?: (chunk: Buffer) => void;
}

export interface RegistryAnswer {
  readonly status: 200 | 404;
  readonly type: string;
  readonly isZipped: boolean;
  readonly bytes: Buffer;
}

/**
 * Connection of one build to one registry. It is the only place that has the token, and reaches no host but the
 * registry's. Each address is checked before it is dialled, and no redirect is followed.
 */
export class RegistryConnection {
  readonly #options: RegistryOptions;
  readonly #budget: Budget;
  readonly #owner: string;
  readonly #signal: AbortSignal;
  #agent: Promise<HttpAgent> | undefined;

  constructor(options: RegistryOptions, budget: Budget, owner: string, signal: AbortSignal) {
    this.#options = options;
    this.#budget = budget;
    this.#owner = owner;
    this.#signal = signal;
  }

  /**
   * Asks the registry. Tries once more if it fails for a reason that may pass.
   *
   * @throws {TooMuch} If the answer is longer than `most`, or the build has asked for too much.
   */
  async ask(request: RegistryRequest): Promise<RegistryAnswer> {
    const answer = await this.#ask(request);
    if (!(answer instanceof Passing)) return answer;
    await new Promise((go) => setTimeout(go, RETRY_AFTER));
    const second = await this.#ask(request);
    if (second instanceof Passing) throw second.error;
    return second;
  }

  close(): void {
    void this.#agent?.then(
      (agent) => agent.destroy(),
      () => {},
    );
  }

  async #ask(request: RegistryRequest): Promise<RegistryAnswer | Passing> {
    try {
      return await this.#askOnce(request);
    } catch (error) {
      if (error instanceof Passing) return error;
      if (!(error instanceof ExchangeError) && !(error instanceof Refusal)) throw error;
      const code = error instanceof Refusal ? error.code : error.message;
      const failure = unreachable(code, request.subject);
      if (code !== "ETIMEDOUT" && error instanceof ExchangeError) return new Passing(failure);
      throw failure;
    }
  }

  async #askOnce(options: RegistryRequest): Promise<RegistryAnswer> {
    const { path, subject, most, onStart, onData, ...request } = options;
    onStart?.();
    const { url, token, limits } = this.#options;
    this.#signal.throwIfAborted();
    this.#budget.request();
    this.#agent ??= this.#connect();
    const agent = await this.#agent;
    const chunks: Buffer[] = [];
    let size = 0;
    let head: IncomingMessage | undefined;
    // A path may be a builder's claim. Without a slash it would go on with the host and name another one.
    if (!path.startsWith("/")) throw new RegistryFailed(`There is no path for ${subject}`);
    const target = new URL(`${url.origin}${url.pathname.slice(0, -1)}${path}`);
    await exchange({
      url: target,
      agent,
      signal: this.#signal,
      idle: limits.idle,
      body: request.body,
      headers: {
        Accept: request.accept,
        "Accept-Encoding": request.encoding,
        "User-Agent": "isolate",
        ...(request.body !== undefined && { "Content-Type": "application/json" }),
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      onHead: (answer) => {
        head = answer;
        this.#checkHead(answer, subject);
      },
      onData: (chunk) => {
        size += chunk.length;
        if (size > most) throw new TooMuch("bytes", most);
        this.#budget.receive(chunk.length);
        onData?.(chunk);
        chunks.push(chunk);
      },
    });
    const { "content-type": type = "", "content-encoding": encoding } = head?.headers ?? {};
    if (encoding !== undefined && encoding !== "gzip" && encoding !== "identity") {
      throw new RegistryFailed(`The registry answers for ${subject} in an unknown encoding`);
    }
    return {
      status: head?.statusCode === 404 ? 404 : 200,
      type,
      isZipped: encoding === "gzip",
      bytes: Buffer.concat(chunks, size),
    };
  }

  async #connect(): Promise<HttpAgent> {
    const { url, destination, operatorRules, ca, limits } = this.#options;
    const asker = { owner: this.#owner, run: "packages", signal: this.#signal };
    const addresses = await admit(destination, operatorRules, asker, limits.idle);
    const Agent = url.protocol === "https:" ? HttpsAgent : HttpAgent;
    return new Agent({
      keepAlive: true,
      maxSockets: MAX_SOCKETS,
      lookup: checkedLookup(addresses),
      ...(ca !== undefined && { ca }),
    } as object);
  }

  #checkHead({ statusCode: status = 0, headers }: IncomingMessage, subject: string): void {
    if (status === 200 || status === 404) return;
    if (status >= 300 && status < 400) {
      const to = hostOf(headers.location, this.#options.url);
      throw new RegistryFailed(
        `The registry redirects ${subject} to ${to}: no redirect is followed`,
      );
    }
    if (status === 401 || status === 403) {
      const reason = this.#options.token === undefined ? "wants a token" : "refuses its token";
      throw new RegistryFailed(`The registry ${reason} for ${subject} (${status})`);
    }
    if (status === 429) {
      const busy = new RegistryUnavailable(`The registry has had too many requests (429)`);
      const after = Number(headers["retry-after"]);
      busy.retryAfter = after > 0 ? Math.min(Math.ceil(after), MAX_RETRY_AFTER) : 60;
      throw busy;
    }
    if (status >= 500) {
      throw new Passing(new RegistryUnavailable(`The registry fails for ${subject} (${status})`));
    }
    throw new RegistryFailed(`The registry answers ${status} for ${subject}`);
  }
}

/** Failure that may be over when it is tried again. */
class Passing {
  readonly error: RegistryUnavailable;

  constructor(error: RegistryUnavailable) {
    this.error = error;
  }
}

function unreachable(code: string, subject: string): RegistryUnavailable {
  const what = code === "ETIMEDOUT" ? "does not answer in time" : "cannot be reached";
  return new RegistryUnavailable(`The registry ${what} for ${subject} (${code})`);
}

function hostOf(location: string | undefined, base: URL): string {
  const isRead = location !== undefined && URL.canParse(location, base.href);
  return isRead ? new URL(location, base).host.slice(0, MAX_HOST) || "no host" : "nowhere";
}
