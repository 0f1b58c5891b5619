import { errorOf } from "./errors.ts";

export interface TransportOptions {
  /** URL of the server, for example `http://127.0.0.1:8787`. */
  readonly url: string | URL;
  /** Key of a tenant or the administrator. A single-user server needs none. */
  readonly key?: string | undefined;
  /** Function that sends requests. Default: the runtime's `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

export interface Call {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

/** Sends requests to one server with one key. */
export class Transport {
  readonly #base: string;
  readonly #key: string | undefined;
  readonly #fetch: typeof fetch;

  constructor({ url, key, fetch: ask = fetch }: TransportOptions) {
    this.#base = String(url).replace(/\/$/, "");
    this.#key = key;
    this.#fetch = ask;
  }

  /**
   * Sends a request and resolves with a successful response. Rejects with `IsolateClientError`, or
   * as `fetch` does.
   */
  async send(path: string, call: Call = {}): Promise<Response> {
    const { method = "GET", query = {}, body, signal } = call;
    const headers = new Headers();
    if (this.#key !== undefined) headers.set("Authorization", `Bearer ${this.#key}`);
    if (body !== undefined) headers.set("Content-Type", "application/json");
    for (const [name, value] of Object.entries(call.headers ?? {})) {
      if (value !== undefined) headers.set(name, value);
    }
    // Called without a receiver, which browsers refuse.
    const ask = this.#fetch;
    const response = await ask(`${this.#base}${path}${queryOf(query)}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    if (!response.ok) throw await errorOf(response);
    return response;
  }

  /** Sends a request and resolves with the answer's JSON. Rejects as `send` does. */
  async json<T>(path: string, call?: Call): Promise<T> {
    return (await (await this.send(path, call)).json()) as T;
  }
}

function queryOf(query: NonNullable<Call["query"]>): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}

/** Encodes text as one segment of a path. */
export const segment = encodeURIComponent;
