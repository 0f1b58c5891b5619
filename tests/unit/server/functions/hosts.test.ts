/** Tests host names of functions, pages of other sites, and headers about limits and versions. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readHost } from "../../../../server/http/hosted-name.ts";
import { hostNameOf } from "../../../../src/contract/hosts.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";
import { listenGuarded } from "../../../helpers/guarded-app.ts";
import { rawExchange } from "../../../helpers/raw-exchange.ts";
import { ADMIN_KEY, tenantsApp } from "../../../helpers/tenants.ts";

type Host = Awaited<ReturnType<typeof tenantsApp>>;
type Server = ReturnType<Host["start"]>;

const code = "export default () => new Response()";
const CORS = { origins: ["https://app.example"], methods: ["GET"], credentials: true, maxAge: 60 };

let host: Host;
let server: Server;
let acme: Awaited<ReturnType<Server["tenant"]>>;
let globex: typeof acme;

/** Answers each request with what the code would see, and with the headers that its query asks for. */
const echo = new RecordingEngine(
  "container",
  async ({ httpRequest }, { responseReceiver: response }) => {
    if (httpRequest === undefined) return { result: 1 };
    const { method, url, headers } = httpRequest;
    const asked = [...new URL(url).searchParams];
    response?.onHead({ status: 200, headers: [["content-type", "application/json"], ...asked] });
    const seen = { method, url, headers: Object.fromEntries(headers) };
    await response?.onChunk(new TextEncoder().encode(JSON.stringify(seen)));
    return {};
  },
);

beforeAll(async () => {
  host = await tenantsApp();
  server = host.start({ adminKey: ADMIN_KEY }, [echo], {
    publicUrl: "https://api.example.com/run",
    functionHosts: { own: ["other.example.com"], suffix: "fn.example.com" },
    cors: ["https://console.example"],
  });
  const rate = { requests: 1_000, seconds: 60 };
  acme = await server.tenant("acme", { rate, budget: { executions: 500 } });
  globex = await server.tenant("globex");
  const deploy = async (name: string, more: object = {}) => {
    const body = { code, kind: "http", public: true, ...more };
    expect((await acme.ask("PUT", `/functions/${name}`, body)).status).toBe(201);
  };
  await deploy("site");
  await deploy("whole", { stripPrefix: false });
  await deploy("own", { public: false, cors: CORS });
  await acme.ask("PUT", "/functions/value", { code: "export default () => 1" });
  await globex.ask("PUT", "/functions/site", { code, kind: "http", public: true });
}, 60_000);
afterAll(() => host.close());

/** Sends a request by a host's name. Returns its status, and the body if it is JSON. */
async function by(name: string, path = "/", init: RequestInit = {}) {
  const headers = { host: name, ...(init.headers as Record<string, string>) };
  const response = await server.app.request(path, { ...init, headers });
  const text = await response.text();
  const body = text.startsWith("{") ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body };
}

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
const claim = (name: string, body: object = {}, who = acme) =>
  who.ask("PUT", `/hosts/${name}`, body);
const verify = (name: string, tenant = "acme") =>
  server.admin("POST", `/admin/hosts/${name}/verify`, { tenant });

async function served(name: string, named?: string): Promise<void> {
  expect((await claim(name, named === undefined ? {} : { function: named })).status).toBe(201);
  expect((await verify(name)).status).toBe(200);
}

/** Paths of the API. None of them may be served by the name of a function. */
const OF_THE_API = [
  ...["/execute", "/admin/tenants", "/admin/hosts/a.example.com/verify", "/healthz", "/readyz"],
  ...[
    "/openapi.json",
    "/docs",
    "/hosts",
    "/metrics",
    "/f/globex/site/x",
    "/api/v1/types",
    "/tenant",
  ],
  ...["/.well-known/resourcex", "//execute", "/%2e%2e/execute", "/functions/site/versions"],
];

describe("a host name", () => {
  it("is the API's until it is verified, then the function's for every path, and the API's again", async () => {
    const name = "shop.example.org";
    const asked = await claim(name, { function: "site" });
    expect(asked.body).toEqual({
      ...{ name, function: "site", verified: false },
      createdAt: expect.any(String),
    });
    expect((await by(name, "/healthz")).body).toEqual({ status: "ok" });
    expect((await verify(name)).body).toMatchObject({ tenant: "acme", verified: true });
    for (const path of OF_THE_API) {
      for (const method of ["GET", "POST", "PUT", "DELETE", "OPTIONS"]) {
        const init = { method, ...bearer(ADMIN_KEY) };
        const { status, body } = await by(name, path, init);
        expect([path, method, status, body.method]).toEqual([path, method, 200, method]);
        expect(body.headers.authorization).toBeUndefined();
      }
    }
    const changed = await claim(name, { function: "whole" });
    expect([changed.status, changed.body.verified]).toEqual([200, true]);
    expect((await acme.ask("GET", "/hosts")).body.hosts).toMatchObject([{ function: "whole" }]);
    expect((await by(name, "/a?b")).body.url).toBe(`https://${name}/a?b`);
    expect((await acme.ask("DELETE", `/hosts/${name}`)).status).toBe(204);
    expect((await by(name, "/healthz")).body).toEqual({ status: "ok" });
  });

  it("that nobody has is looked up once, and again when somebody gets it", async () => {
    const { hosts } = host.store;
    const reads: string[] = [];
    const counting = new Proxy(hosts, {
      get: (_, method: "served" | "put" | "verify") => {
        return (...args: never[]) => {
          if (method === "served") reads.push(String(args[0]));
          return (hosts[method] as (...all: never[]) => Promise<unknown>)(...args);
        };
      },
    });
    Object.assign(host.store, { hosts: counting });
    const { app, as, admin } = host.start({ adminKey: ADMIN_KEY }, [echo]);
    Object.assign(host.store, { hosts });
    const ask = async () => {
      const response = await app.request("/", { headers: { host: "later.example.org" } });
      return response.headers.has("x-execution-id");
    };
    expect([await ask(), await ask(), await ask(), reads.length]).toEqual([false, false, false, 1]);
    await as(acme.key)("PUT", "/hosts/later.example.org", { function: "site" });
    await admin("POST", "/admin/hosts/later.example.org/verify", { tenant: "acme" });
    expect([await ask(), await ask()]).toEqual([true, true]);
    // One that is not verified counts as nobody's, too.
    expect(reads.length).toBeLessThanOrEqual(3);
  });

  it("is had by one tenant; a claim of another one blocks and gets nothing", async () => {
    const name = "fought.example.org";
    expect((await claim(name, { function: "site" }, globex)).status).toBe(201);
    await served(name, "site");
    const { body } = await by(name, "/x");
    expect(body.headers["x-forwarded-host"]).toBe(name);
    expect(echo.jobs.at(-1)?.options.tenant).toBe("acme");
    const twice = await verify(name, "globex");
    expect([twice.status, twice.body.error.code]).toEqual([409, "HOST_TAKEN"]);
    const stolen = await verify(name, "nobody");
    expect([stolen.status, stolen.body.error.code]).toEqual([404, "HOST_NOT_FOUND"]);
    // Each sees and deletes its own claim alone.
    expect((await globex.ask("GET", "/hosts")).body.hosts).toMatchObject([{ verified: false }]);
    expect((await globex.ask("DELETE", `/hosts/${name}`)).status).toBe(204);
    expect((await globex.ask("DELETE", `/hosts/${name}`)).status).toBe(404);
    expect((await by(name, "/x")).status).toBe(200);
    const all = (await server.admin("GET", "/admin/hosts?limit=1")).body;
    expect(all.hosts).toMatchObject([{ name, tenant: "acme" }]);
    const path = `/admin/hosts/${name}`;
    expect((await server.admin("DELETE", `${path}?tenant=globex`)).status).toBe(404);
    expect((await server.admin("DELETE", `${path}?tenant=acme`)).status).toBe(204);
    expect((await by(name, "/healthz")).body).toEqual({ status: "ok" });
  });

  it("is no name of a new tenant that has the id of its deleted one", async () => {
    const initech = await server.tenant("initech");
    await initech.ask("PUT", "/functions/site", { code, kind: "http", public: true });
    expect((await claim("old.example.org", { function: "site" }, initech)).status).toBe(201);
    await verify("old.example.org", "initech");
    expect((await by("old.example.org", "/execute")).body.method).toBe("GET");
    expect((await server.admin("DELETE", "/admin/tenants/initech")).status).toBe(204);
    const again = await server.tenant("initech");
    await again.ask("PUT", "/functions/site", { code, kind: "http", public: true });
    expect((await by("old.example.org", "/healthz")).body).toEqual({ status: "ok" });
    expect((await again.ask("GET", "/hosts")).body).toEqual({ hosts: [] });
  });

  it("without a function is the tenant's: the first part of a path names one", async () => {
    await served("acme.example.org");
    const { body } = await by("acme.example.org", "/site/a%2Fb?c=1");
    expect(body).toMatchObject({
      url: "https://acme.example.org/a%2Fb?c=1",
      headers: { "x-forwarded-prefix": "/site", "x-forwarded-host": "acme.example.org" },
    });
    const whole = await by("acme.example.org", "/whole/a");
    expect(whole.body.url).toBe("https://acme.example.org/whole/a");
    expect((await by("acme.example.org", "/site")).body.url).toBe("https://acme.example.org/");
    for (const path of ["/", "/execute", "/healthz", "/admin/tenants", "//site", "/%73ite"]) {
      const { status, body } = await by("acme.example.org", path, bearer(acme.key));
      expect([path, status, body.error.code]).toEqual([path, 404, "FUNCTION_NOT_FOUND"]);
    }
  });

  it("shows private functions to its tenant's key alone, and no function by value", async () => {
    await served("own.example.org", "own");
    await served("value.example.org", "value");
    expect((await by("own.example.org")).status).toBe(401);
    expect((await by("own.example.org", "/", bearer(globex.key))).status).toBe(404);
    const own = await by("own.example.org", "/", bearer(acme.key));
    expect([own.status, own.body.headers.authorization]).toEqual([200, undefined]);
    expect((await by("value.example.org", "/", bearer(acme.key))).status).toBe(404);
    expect((await by("value.example.org")).status).toBe(401);
  });

  it("has pages, cookies and redirects of its own origin", async () => {
    await served("pages.example.org", "site");
    const asked = new URLSearchParams([
      ["set-cookie", "a=1; Path=/x; Domain=example.org"],
      ["set-cookie", "__Host-b=2; Path=/; Secure"],
      ["location", "/login"],
      ["clear-site-data", "*"],
    ]);
    const { headers } = await by("pages.example.org", `/?${asked}`);
    expect(headers.getSetCookie()).toEqual(["a=1; Path=/x", "__Host-b=2; Path=/; Secure"]);
    expect(headers.get("location")).toBe("/login");
    expect(headers.get("content-security-policy")).toBeNull();
    expect(headers.get("clear-site-data")).toBeNull();
    const below = await by("acme.example.org", `/site?${asked}`);
    expect(below.headers.getSetCookie()[0]).toBe("a=1; Path=/site/x");
    expect(below.headers.get("location")).toBe("/site/login");
  });

  it.each([
    ...["api.example.com", "API.Example.com.", "other.example.com", "fn.example.com"],
    ...["x.fn.example.com", "site--globex.fn.example.com", "a.b.fn.example.com", "x.localhost"],
  ])("may not be %s, which is the server's", async (name) => {
    const { status, body } = await claim(name);
    expect([status, body.error.code]).toEqual([409, "HOST_TAKEN"]);
    const lower = name.toLowerCase().replace(/\.$/, "");
    // One that was stored by a server with other settings is of no use.
    await host.store.hosts.put({ name: lower, tenant: "acme", function: "site" });
    expect((await verify(name)).status).toBe(409);
    await host.store.hosts.verify({ name: lower, tenant: "acme" });
    const before = echo.jobs.length;
    await by(name, "/healthz");
    const ran = echo.jobs.slice(before).map(({ options }) => options.tenant);
    expect(ran).toEqual(name.startsWith("site--globex") ? ["globex"] : []);
    await host.store.hosts.delete({ name: lower, tenant: "acme" });
  });

  it.each([
    ...["localhost", "127.0.0.1", "127.1", "0x7f.1", "[::1]", "a", "a..b", "-a.example"],
    ...["a_b.example", "a.example:80", "user@a.example", "a%2fb.example", "xn--0.example", "*.a.b"],
    `${"a.".repeat(130)}b`,
  ])("may not be %s, which is none", async (name) => {
    expect((await claim(encodeURIComponent(name))).status).toBe(400);
  });

  it("is read as browsers send it, whatever its form is", () => {
    expect(hostNameOf("Bücher.Example.")).toBe("xn--bcher-kva.example");
    expect(hostNameOf("１２７.０.０.１")).toBeUndefined();
    const read = (text: string) => {
      const { name, port } = readHost(text) ?? {};
      return name && `${name}${port}`;
    };
    expect(read("Shop.Example.COM.:8443")).toBe("shop.example.com:8443");
    for (const text of ["", "a b", "a.b, c.d", "a/b", "a:b", "a:123456", "[::1]", "ä.b"]) {
      expect(read(text)).toBeUndefined();
    }
    expect(readHost("a".repeat(100_000))).toBeUndefined();
  });

  it("is that of `Host` alone, in any form, on a connection", async () => {
    await served("forms.example.org", "site");
    const listening = await listenGuarded(server.app);
    const { port } = listening.address() as { port: number };
    const send = (first: string, ...lines: string[]) =>
      rawExchange(
        `http://127.0.0.1:${port}`,
        `${[first, ...lines, "Connection: close", "", ""].join("\r\n")}`,
      );
    const FORMS = "Host: forms.example.org";
    const isFunction = async (first: string, ...lines: string[]): Promise<boolean> => {
      const { status, head } = await send(first, ...lines);
      return status === 200 && head.includes("x-execution-id");
    };
    expect(await isFunction("GET /healthz HTTP/1.1", "Host: FORMS.example.org.:8080")).toBe(true);
    expect(await isFunction("GET /healthz HTTP/1.1", FORMS, "X-Forwarded-Host: a.b")).toBe(true);
    // The request line's host counts for nothing, either way.
    expect(await isFunction("GET http://api.example.com/healthz HTTP/1.1", FORMS)).toBe(true);
    const target = "GET http://forms.example.org/healthz HTTP/1.1";
    expect(await isFunction(target, "Host: api.example.com")).toBe(false);
    const forwarded = "X-Forwarded-Host: forms.example.org";
    expect(await isFunction("GET /healthz HTTP/1.1", "Host: localhost", forwarded)).toBe(false);
    for (const two of [
      ["Host: api.example.com", FORMS],
      [FORMS, "Host: api.example.com"],
      ["Host: forms.example.org, api.example.com"],
    ]) {
      expect((await send("GET /healthz HTTP/1.1", ...two)).status).toBe(400);
    }
    const [{ job }] = echo.jobs.slice(-1) as [(typeof echo.jobs)[number]];
    expect(job.httpRequest?.url).toBe("https://forms.example.org/healthz");
    listening.close();
    listening.closeAllConnections();
  });
});

describe("a name below the suffix of functions", () => {
  it("is that of one function, and of no route of the API", async () => {
    const { body } = await by("Site--acme.fn.example.com:8443", "/execute?a");
    expect(body.url).toBe("https://site--acme.fn.example.com:8443/execute?a");
    expect((await by("site--globex.fn.example.com", "/execute")).status).toBe(200);
    expect(echo.jobs.at(-1)?.options.tenant).toBe("globex");
    expect((await by("own--acme.fn.example.com")).status).toBe(401);
    for (const label of [
      "none--acme",
      "site--nobody",
      "site",
      "x.site--acme",
      "--acme",
      "site--",
    ]) {
      const { status } = await by(`${label}.fn.example.com`, "/healthz", bearer(acme.key));
      expect([label, status]).toEqual([label, 404]);
    }
    expect((await by("xn--acme.fn.example.com", "/healthz")).status).toBe(404);
  });

  it("has the function alone where there is one tenant, whose names need nobody else", async () => {
    const sole = host.start({}, [echo], {
      functionHosts: { suffix: "fn.localhost" },
      hosts: [],
    });
    const ask = sole.as(undefined);
    await ask("PUT", "/functions/a--b", { code, kind: "http" });
    const at = (name: string, path = "/", headers = {}) =>
      sole.app.request(path, { headers: { host: name, ...headers } });
    expect((await at("a--b.fn.localhost", "/healthz")).headers.has("x-execution-id")).toBe(true);
    expect((await at("b.fn.localhost", "/healthz")).status).toBe(404);
    // A page of another site may not call it, one of its own host may.
    const site = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
    expect((await at("a--b.fn.localhost", "/", site)).status).toBe(403);
    const same = { "sec-fetch-site": "same-origin" };
    expect((await at("a--b.fn.localhost", "/", same)).status).toBe(200);
    const { body } = await ask("PUT", "/hosts/my.example.net", { function: "a--b" });
    expect(body.verified).toBe(true);
    expect((await at("my.example.net", "/x")).status).toBe(200);
    // Any other name still may not reach a server of this machine alone.
    expect((await at("evil.example", "/healthz")).status).toBe(403);
    expect((await ask("GET", "/admin/hosts")).body.error.code).toBe("ADMIN_DISABLED");
  });

  it("is known to a proxy that asks before it gets a certificate", async () => {
    await served("tls.example.org", "site");
    const answer = async (domain: string): Promise<number> =>
      (await server.app.request(`/healthz/host?domain=${encodeURIComponent(domain)}`)).status;
    for (const domain of ["tls.example.org", "site--acme.fn.example.com"]) {
      expect(await answer(domain)).toBe(200);
    }
    const none = ["none.example.org", "none--acme.fn.example.com", "value--acme.fn.example.com"];
    for (const domain of [...none, "api.example.com", "a b", "x".repeat(260)]) {
      expect([domain, await answer(domain)]).toEqual([domain, 404]);
    }
  });
});

describe("pages of other sites", () => {
  const preflight = (origin: string) => ({
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "GET",
      "access-control-request-headers": "authorization, x-a",
    },
  });
  const told = (headers: Headers) =>
    Object.fromEntries(
      [...headers].flatMap(([name, value]) =>
        name.startsWith("access-control-") ? [[name.slice(15), value]] : [],
      ),
    );

  it("are answered by a function's rules without a sandbox, also for one that is not public", async () => {
    const before = echo.jobs.length;
    const yes = await by("a.fn.example.com", "/x");
    expect(yes.status).toBe(404);
    for (const [name, path] of [
      ["own--acme.fn.example.com", "/x"],
      ["localhost", "/f/acme/own/x"],
    ] as const) {
      const { status, headers } = await by(name, path, preflight("https://app.example"));
      expect([status, told(headers)]).toEqual([
        204,
        {
          "allow-origin": "https://app.example",
          "allow-credentials": "true",
          "allow-methods": "GET",
          "allow-headers": "authorization, x-a",
          "max-age": "60",
        },
      ]);
      expect(headers.get("vary")).toMatch(/Origin/);
      const other = await by(name, path, preflight("https://evil.example"));
      expect([other.status, told(other.headers)]).toEqual([204, {}]);
    }
    expect(echo.jobs).toHaveLength(before);
  });

  it("read the function's answers and refusals, whatever its code says", async () => {
    const name = "own--acme.fn.example.com";
    const from = (origin: string) => ({ headers: { origin, ...bearer(acme.key).headers } });
    const path = "/?access-control-allow-origin=*&vary=Accept";
    const { headers } = await by(name, path, from("https://app.example"));
    expect(told(headers)).toEqual({
      "allow-origin": "https://app.example",
      "allow-credentials": "true",
    });
    expect(headers.get("vary")).toBe("Accept, Origin");
    const other = await by(name, path, from("https://evil.example"));
    expect([told(other.headers), other.headers.get("vary")]).toEqual([{}, "Accept, Origin"]);
    const refused = await by(name, "/", { headers: { origin: "https://app.example" } });
    expect([refused.status, told(refused.headers)["allow-origin"]]).toEqual([
      401,
      "https://app.example",
    ]);
    // Without rules, the code answers for itself.
    const free = await by("localhost", "/f/acme/site/?access-control-allow-origin=*");
    expect(told(free.headers)).toEqual({ "allow-origin": "*" });
  });

  it.each([
    [{ origins: [] }],
    [{ origins: ["https://a.example/"] }],
    [{ origins: ["null"] }],
    [{ origins: ["HTTPS://a.example"] }],
    [{ origins: ["*"], credentials: true }],
    [{ origins: ["*"], methods: ["a b"] }],
    [{ origins: ["*"], headers: ["a\r\nb"] }],
    [{ origins: ["*"], more: 1 }],
  ])("are not ruled by %j", async (cors) => {
    const { status, body } = await acme.ask("PUT", "/functions/bad", { code, kind: "http", cors });
    expect([status, body.error.field]).toEqual([400, expect.stringMatching(/^cors/)]);
  });

  it("are rules of a version, kept when it is deployed again, and for functions by HTTP alone", async () => {
    const again = await acme.ask("POST", "/functions/own/redeploy", {});
    expect(again.body.cors).toEqual(CORS);
    const value = { code: "export default () => 1", cors: CORS };
    expect((await acme.ask("PUT", "/functions/v", value)).body.error.field).toBe("cors");
  });

  it("use the API if their origin is listed, without cookies", async () => {
    const origin = "https://console.example";
    const asked = await by("api.example.com", "/execute", preflight(origin));
    expect([asked.status, told(asked.headers)]).toMatchObject([
      204,
      { "allow-origin": origin, "allow-headers": "authorization, x-a" },
    ]);
    expect(told(asked.headers)).not.toHaveProperty("allow-credentials");
    const { headers } = await by("api.example.com", "/healthz", { headers: { origin } });
    expect(told(headers)["allow-origin"]).toBe(origin);
    expect(told(headers)["expose-headers"]).toContain("RateLimit");
    for (const path of ["/healthz", "/execute"]) {
      const evil = await by("api.example.com", path, preflight("https://evil.example"));
      expect(told(evil.headers)).toEqual({});
    }
    // A request without a body needs no question of the browser's.
    const call = (from: string) =>
      by("localhost", "/functions/value/invoke", {
        method: "POST",
        headers: { origin: from, "sec-fetch-site": "cross-site", ...bearer(acme.key).headers },
      });
    expect((await call("https://evil.example")).status).toBe(415);
    expect((await call(origin)).status).toBe(200);
  });
});

describe("headers about limits", () => {
  it("tell what a tenant with a rate or a budget has left, and others nothing", async () => {
    await acme.ask("POST", "/execute", { code: "export default () => 1" });
    const parsed = async () => {
      const { headers } = await acme.ask("POST", "/execute", { code: "export default () => 1" });
      expect(headers.get("ratelimit-policy")).toBe('"rate";q=1000;w=60, "day";q=500;w=86400');
      const form = /^"rate";r=(\d+);t=(\d+), "day";r=(\d+);t=(\d+)$/;
      return (form.exec(headers.get("ratelimit") ?? "") ?? []).slice(1).map(Number);
    };
    const [first, second] = [await parsed(), await parsed()];
    expect([first[0], first[2]]).toEqual([(second[0] ?? 0) + 1, (second[2] ?? 0) + 1]);
    expect(second[1]).toBeLessThanOrEqual(60);
    const others = await globex.ask("POST", "/execute", { code: "export default () => 1" });
    expect(others.headers.get("ratelimit")).toBeNull();
    // A visitor of a public function is told nothing of its tenant.
    expect((await by("localhost", "/f/acme/site/")).headers.get("ratelimit")).toBeNull();
  });

  it("are on a refusal, beside Retry-After", async () => {
    const slow = await server.tenant("slow", { rate: { requests: 1, seconds: 60 } });
    await slow.ask("POST", "/execute", { code: "export default () => 1" });
    const { status, headers } = await slow.ask("POST", "/execute", {
      code: "export default () => 1",
    });
    expect([status, headers.get("ratelimit")]).toEqual([429, expect.stringContaining(";r=0;")]);
    expect(headers.get("retry-after")).toMatch(/^\d+$/);
  });
});

describe("what a client has", () => {
  it.each(["/openapi.json", "/docs", "/docs/swagger-ui.css", "/functions/site/versions/1"])(
    "is not sent again at %s",
    async (path) => {
      const first = await by("localhost", path, bearer(acme.key));
      const etag = first.headers.get("etag") ?? "";
      expect(etag).toMatch(/^"[\w-]{22}"$/);
      const ask = (known: string) =>
        by("localhost", path, { headers: { "if-none-match": known, ...bearer(acme.key).headers } });
      for (const known of [etag, `W/${etag}`, `"a", ${etag}`, "*"]) {
        const again = await ask(known);
        expect([again.status, again.body, again.headers.get("etag")]).toEqual([304, "", etag]);
      }
      expect((await ask('"other"')).status).toBe(200);
    },
  );

  it("is another version after a function was deleted and deployed again", async () => {
    const path = "/functions/again/versions/1";
    const deploy = () => acme.ask("PUT", "/functions/again", { code });
    await deploy();
    const etag = (await acme.ask("GET", path)).headers.get("etag") ?? "";
    await acme.ask("DELETE", "/functions/again");
    await deploy();
    const headers = { "if-none-match": etag, ...bearer(acme.key).headers };
    expect((await by("localhost", path, { headers })).status).toBe(200);
  });
});
