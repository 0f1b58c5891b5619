import { Agent, request } from "node:https";

export interface Answer {
  readonly status: number;
  /** Parsed JSON; `null` for an empty body. */
  readonly body: Record<string, unknown>;
}

/** Sends requests to a balancer by HTTPS, as clients do. */
export class FrontDoor {
  readonly #address: string;
  readonly #port: number;
  readonly #agent: Agent;

  /** `name` is what the certificate is for. */
  constructor(address: string, port: number, name: string, certificate: string) {
    this.#address = address;
    this.#port = port;
    this.#agent = new Agent({ ca: certificate, servername: name, keepAlive: true });
  }

  async ask(method: string, path: string, body?: unknown, key?: string): Promise<Answer> {
    const text = body === undefined ? "" : JSON.stringify(body);
    const headers = {
      ...(body !== undefined && { "Content-Type": "application/json" }),
      ...(key !== undefined && { Authorization: `Bearer ${key}` }),
      "Content-Length": Buffer.byteLength(text),
    };
    const options = { host: this.#address, port: this.#port, agent: this.#agent };
    return new Promise((resolve, reject) => {
      const sent = request({ ...options, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk)).once("error", reject);
        response.once("end", () => {
          const got = Buffer.concat(chunks).toString();
          const isJson = response.headers["content-type"]?.includes("json") && got !== "";
          const parsed = isJson ? (JSON.parse(got) as Record<string, unknown>) : { text: got };
          resolve({ status: response.statusCode ?? 0, body: parsed });
        });
      });
      sent.once("error", reject);
      sent.end(text);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
