import { expect } from "vitest";
import { type RawAnswer, rawExchange } from "./raw-exchange.ts";
import type { TestServer } from "./server.ts";

/** Deploys and asks HTTP functions of a server's only tenant. */
export class HttpFunctions {
  readonly #server: TestServer;

  constructor(server: TestServer) {
    this.#server = server;
  }

  /** Deploys code at level `isolated`, and returns what the server tells of it. */
  async deploy(name: string, code: string, more: object = {}): Promise<unknown> {
    const response = await fetch(`${this.#server.url}/functions/${name}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code, kind: "http", sandbox: "isolated", timeout: 20_000, ...more }),
    });
    const body = await response.json();
    expect([response.status, response.status === 201 ? "" : body]).toEqual([201, ""]);
    return body;
  }

  at(name: string, path = ""): string {
    return `${this.#server.url}/f/default/${name}${path}`;
  }

  async ask(name: string, path = "", init: RequestInit = {}): Promise<unknown[]> {
    const response = await fetch(this.at(name, path), { redirect: "manual", ...init });
    return [response.status, await response.text()];
  }

  /** Returns status, code and message of a failure. */
  async failure(name: string, path = ""): Promise<Record<string, unknown>> {
    const response = await fetch(this.at(name, path));
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    return { status: response.status, code: error.code, message: error.message };
  }

  /** Sends a request as it is written. */
  raw(name: string, head = "", { method = "GET", path = "", body = "" } = {}): Promise<RawAnswer> {
    const lines = `${method} /f/default/${name}${path} HTTP/1.1\r\nHost: localhost\r\n${head}`;
    return rawExchange(this.#server.url, `${lines}Connection: close\r\n\r\n${body}`);
  }
}

export const header = ({ head }: RawAnswer, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)$`, "m").exec(head)?.[1];
