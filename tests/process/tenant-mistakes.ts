/** Provokes the mistakes of docs/guides/mistakes.md that need tenants, keys or a key for secrets. */
import { request as httpRequest } from "node:http";
import { until } from "../contract/engine-contract.ts";
import { TestServer } from "../helpers/server.ts";

const ADMIN_KEY = "the-operators-key-of-these-mistakes";
const CODE = "export default () => new Response()";
const BINDING = { secret: "TOKEN", host: "api.example", header: "Authorization" };

interface Answer {
  readonly key: string;
  readonly error?: { readonly message: string };
  /** Reasons for which a planned request is refused. */
  readonly refusals?: readonly { readonly message: string }[];
}

type Mistake = (tenants: TenantMistakes) => Promise<string>;

/** Asks as a tenant with all rights. */
const asks = (method: string, path: string, body?: object): Mistake => {
  return (tenants) => tenants.told(method, path, body);
};
const schedules = (of: string, body: object): Mistake => {
  return asks("PUT", `/functions/${of}/schedules/s`, body);
};
const binds = (changes: object, more: object = {}): Mistake => {
  const permissions = { net: ["api.example"] };
  const bindings = [{ ...BINDING, ...changes }];
  return asks("POST", "/plan", {
    code: CODE,
    sandbox: "container",
    permissions,
    bindings,
    ...more,
  });
};

/** A server with a tenant that has a secret, functions, and keys of several kinds. */
export class TenantMistakes {
  readonly #server: TestServer;
  #key = "";

  private constructor(server: TestServer) {
    this.#server = server;
  }

  static async start(): Promise<TenantMistakes> {
    const server = await TestServer.start({
      ISOLATE_ENGINE: "none",
      ISOLATE_ADMIN_KEY: ADMIN_KEY,
      ISOLATE_SECRET_KEY: "5e".repeat(32),
      ISOLATE_TENANT_SANDBOX: "isolated,container",
      ISOLATE_PUBLIC_URL: "https://isolate.example",
    });
    const tenants = new TenantMistakes(server);
    await tenants.ask("PUT", "/admin/tenants/shop", {}, ADMIN_KEY);
    tenants.#key = await tenants.#made("/admin/tenants/shop/keys", {}, ADMIN_KEY);
    await tenants.ask("PUT", "/secrets/TOKEN", { value: "0123456789" });
    for (const [name, kind] of Object.entries({ v: "value", h: "http" })) {
      await tenants.ask("PUT", `/functions/${name}`, { code: CODE, kind });
    }
    return tenants;
  }

  stop(): Promise<string[]> {
    return this.#server.dispose();
  }

  async ask(
    method: string,
    path: string,
    body?: object,
    key = this.#key,
    more: Record<string, string> = {},
  ): Promise<Answer> {
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json", ...more };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${this.#server.url}${path}`, { method, headers, ...sent });
    return (await response.json()) as Answer;
  }

  async told(...asked: Parameters<TenantMistakes["ask"]>): Promise<string> {
    const { error, refusals = [] } = await this.ask(...asked);
    return error?.message ?? refusals[0]?.message ?? "nothing";
  }

  async #made(path: string, body: object, key = this.#key): Promise<string> {
    return (await this.ask("POST", path, body, key)).key;
  }

  /** Asks for what the scope of a key does not open. */
  async #narrow(): Promise<string> {
    return this.told(
      "GET",
      "/secrets",
      undefined,
      await this.#made("/keys", { scopes: ["invoke:v"] }),
    );
  }

  async #expired(): Promise<string> {
    const expiresAt = new Date(Date.now() + 1_000).toISOString();
    const key = await this.#made("/keys", { expiresAt });
    const told = () => this.told("GET", "/functions", undefined, key);
    await until(async () => (await told()) !== "nothing");
    return told();
  }

  async #suspended(): Promise<string> {
    await this.ask("PUT", "/admin/tenants/late", {}, ADMIN_KEY);
    const key = await this.#made("/admin/tenants/late/keys", {}, ADMIN_KEY);
    await this.ask("POST", "/admin/tenants/late/suspend", { reason: "unpaid" }, ADMIN_KEY);
    return this.told("GET", "/functions", undefined, key);
  }

  /** Calls a function by a name that its tenant has asked for, and nobody has verified. */
  async #unverified(): Promise<string> {
    await this.ask("PUT", "/hosts/shop.example.org", { function: "h" });
    return new Promise((resolve, reject) => {
      const headers = { Host: "shop.example.org" };
      const sent = httpRequest(this.#server.url, { headers }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => resolve((JSON.parse(text) as Answer).error?.message ?? ""));
      });
      sent.on("error", reject).end();
    });
  }

  /** Lists the mistakes in the order of the page. */
  static readonly all: readonly Mistake[] = [
    asks("PUT", "/secrets/TOKEN", { value: "short" }),
    asks("PUT", "/secrets/MY-TOKEN", { value: "long enough" }),
    asks("POST", "/plan", { code: CODE, sandbox: "isolated", secrets: ["TOKN"] }),
    binds({ secret: "TOKN" }),
    binds({}, { permissions: {} }),
    binds({}, { sandbox: "isolated", permissions: {} }),
    binds({ header: "Host" }),
    binds({ format: "Bearer" }),
    binds({ host: "*.example" }),
    (tenants) => tenants.#narrow(),
    asks("POST", "/keys", { scopes: ["write"] }),
    asks("POST", "/keys", { expiresAt: "2020-01-01T00:00:00Z" }),
    (tenants) => tenants.#expired(),
    (tenants) => tenants.told("GET", "/functions", undefined, "isolate_0_0"),
    (tenants) => tenants.told("GET", "/functions", undefined, ADMIN_KEY),
    asks("GET", "/admin/tenants"),
    (tenants) => tenants.#suspended(),
    (tenants) =>
      tenants.told("PATCH", "/admin/tenants/shop", {}, ADMIN_KEY, { "If-Match": '"old"' }),
    schedules("v", { cron: "0 30 2 * * *" }),
    schedules("v", { cron: "61 2 * * *" }),
    schedules("v", { cron: "0 0 30 2 *" }),
    schedules("v", { cron: "0 2 * * *", timezone: "Europe/Munich" }),
    schedules("h", { cron: "0 2 * * *" }),
    (tenants) => tenants.#unverified(),
    asks("PUT", "/hosts/isolate.example", { function: "h" }),
    asks("PUT", "/hosts/localhost", { function: "h" }),
    asks("PUT", "/functions/h", {
      code: CODE,
      kind: "http",
      cors: { origins: ["https://a.example/b"] },
    }),
    asks("GET", "/usage?from=yesterday"),
  ];
}
