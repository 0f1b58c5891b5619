import { errorOf } from "./errors.ts";

export interface TransportOptions {
  /** URL of the server, for example `http://127.0.0.1:8787`. */
  readonly url: string | URL;
  /** Key of a tenant or the administrator; a server of a single user needs none. */
  readonly key?: string | undefined;
  /** Default: the runtime's. */
  readonly fetch?: typeof fetch | undefined;
}

export interface Call {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

/** Speaks to one server with one key. */
export class Transport {
  readonly #base: string;
  readonly #key: string | undefined;
  readonly #fetch: typeof fetch;

  constructor({ url, key, fetch: ask = fetch }: TransportOptions) {
    this.#base = String(url).replace(/\/$/, "");
    this.#key = key;
    this.#fetch = ask;
  }

  /** Resolves with any success; rejects with `IsolateClientError`, or as `fetch` does. */
  async send(path: string, call: Call = {}): Promise<Response> {
    const { method = "GET", query = {}, body, signal } = call;
    const headers = new Headers();
    if (this.#key !== undefined) headers.set("Authorization", `Bearer ${this.#key}`);
    if (body !== undefined) headers.set("Content-Type", "application/json");
    for (const [name, value] of Object.entries(call.headers ?? {})) {
      if (value !== undefined) headers.set(name, value);
    }
    const response = await this.#fetch(`${this.#base}${path}${queryOf(query)}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    if (!response.ok) throw await errorOf(response);
    return response;
  }

  /** Like `send`, with the answer's JSON. */
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

/** A part of a path, whatever it holds. */
export const segment = encodeURIComponent;
