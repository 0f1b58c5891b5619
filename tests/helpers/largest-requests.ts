/** The largest and worst requests, by operation of the contract: admitted and refused ones. */
import {
  ALL,
  eachValue,
  fill,
  isMain,
  JSON_TYPE,
  json,
  type Largest,
  list,
  MAX_BODY,
  MAX_FORM,
  manyHeaders,
  members,
  NOTHING,
  plain,
  queries,
  slow,
  tagged,
  WORST,
} from "./largest-values.ts";
import { SOAK } from "./soak.ts";

/** Existing objects that the requests refer to. */
export interface Stage {
  readonly tenant: string;
  /** A function that is called by value, and one that answers requests. */
  readonly name: string;
  readonly site: string;
  readonly locator: string;
}

function form(what: string, parts: string, expected: readonly number[], boundary = "b"): Largest {
  const type = `multipart/form-data; boundary=${boundary}`;
  return {
    what,
    path: "/api/v1/publish",
    headers: { "content-type": type },
    body: parts,
    expected,
  };
}

const field = (name: string, value: string): string =>
  `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const file = (name: string, value: string): string =>
  `--b\r\nContent-Disposition: form-data; name="${name}"; filename="f"\r\n\r\n${value}\r\n`;

const FORMS = (): Largest[] => [
  form("many parts", `${fill(field("a", ""), MAX_FORM)}--b--\r\n`, [413]),
  form("a part of many headers", `--b\r\n${fill("A: 1\r\n", MAX_FORM)}\r\n\r\n--b--\r\n`, [400]),
  form("a part of one long header", `--b\r\nA: ${fill("x", MAX_FORM)}\r\n\r\n\r\n--b--\r\n`, [400]),
  form("what is nearly a boundary", `${file("archive", fill("\r\n--", MAX_FORM))}--b--\r\n`, [400]),
  form(
    "what is nearly a long boundary",
    fill(`\r\n--${"b".repeat(69)}`, MAX_FORM),
    [400],
    "b".repeat(70),
  ),
  form("a long text", `${field("manifest", fill("x", MAX_FORM))}--b--\r\n`, [400]),
  form("a manifest of brackets", `${file("manifest", fill("[", MAX_FORM))}--b--\r\n`, [400]),
  form("lines", fill("\r\n", MAX_FORM), [400]),
  form(
    "content that is no archive",
    `${field("locator", "a.org/a:1")}${file("manifest", '{"type":"text"}')}${file("content", fill("x", MAX_FORM))}--b--\r\n`,
    [400],
  ),
  form("a file that is no archive", `${file("archive", fill("x", MAX_FORM))}--b--\r\n`, [400]),
];

const code = (text: string): string => JSON.stringify({ code: text });

/** Number of requests that are sent where another operation, or another way, proves the rest. */
const FEW = SOAK ? undefined : 1;

/** Results that take longest to read, each about as large as a result may be. */
const RESULTS: Readonly<Record<string, string>> = {
  "texts as a result": "() => Array.from({ length: 380_000 }, (_, n) => 's' + n)",
  "members as a result":
    "() => Object.fromEntries(Array.from({ length: 190_000 }, (_, n) => [n * 7_919 + 'k', 1]))",
  "shapes as a result": "() => Array.from({ length: 99_000 }, (_, n) => ({ ['k' + n]: 1 }))",
  "letters as a result": "() => 'ж'.repeat(2_000_000)",
};

const results = (path: string, headers: Record<string, string> = {}): Largest[] =>
  Object.entries(RESULTS).map(([what, text]) => ({
    what,
    path,
    headers: { ...JSON_TYPE, ...headers },
    body: JSON.stringify({ code: `export default ${text}`, timeout: 30_000 }),
    expected: [200],
  }));

/** Returns all of them. A missing operation was forgotten. */
export function largestRequests(stage: Stage): Record<string, () => readonly Largest[]> {
  const { tenant, name, site, locator } = stage;
  const fn = `/functions/${name}`;
  const http = `/f/${tenant}/${site}/x`;
  const registry = (path: string) => `/api/v1${path}`;
  const withInput = (value: string): string => `{"code":"${NOTHING}","input":${value}}`;
  const ids = "00000000-0000-7000-8000-000000000000";
  const noSession = "/sessions/bm9kZQ.AAAAAAAAAAAAAAAAAAAAAA";
  const program = (files: string, stdin = ""): string =>
    `{"language":"js","version":"*","stdin":"${stdin}","files":${files}}`;
  const calling = (tool: string, args: string, id = 1): string =>
    `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${tool}","arguments":${args}}}`;
  const refusedMembers = [
    ["unknown fields", members(190_000)],
    ["bad permissions", `{"code":"1","permissions":{"net":${list(190_000, () => "1")}}}`],
    ["permissions by unknown names", `{"code":"1","permissions":${members(190_000)}}`],
    // The largest number that reaches the schemas.
    ["fewer unknown fields", members(19_000)],
    ["fewer bad tools", `{"code":"1","tools":${list(19_000, () => "1")}}`],
    ["fewer bad files", `{"files":${members(19_000)}}`],
    ["bad tools", `{"code":"1","tools":${list(190_000, () => "1")}}`],
  ] as const;
  const refused = (path: string, count = FEW): Largest[] =>
    refusedMembers.slice(0, count).map(([what, body]) => json(what, path, body, [400, 413]));
  const packages = (path: string, code: string): Largest[] => [
    ...eachValue(path, (value) => `{${code}"dependencies":${value}}`, [400, 413]),
    json("many packages", path, `{${code}"dependencies":${members(19_000, '"1"')}}`, [400, 413]),
    json(
      "overrides in overrides",
      path,
      `{${code}"dependencies":{"a":"1"},"overrides":${'{"a":'.repeat(90)}1${"}".repeat(90)}}`,
      [400],
    ),
  ];
  const withPackages = (path: string, code: string): Largest[] =>
    packages(path, code).slice(0, isMain(path) ? undefined : FEW);
  const withBindings = (path: string): Largest[] => {
    const bound = (binding: object) => JSON.stringify({ secret: "NONE", header: "X", ...binding });
    const around = (bindings: string): string => `{"code":"${NOTHING}","bindings":${bindings}}`;
    // The most that the schema takes, each of which is compared with the grants.
    const most = bound({
      host: "h.example",
      format: `{}${fill("x", 254)}`,
      methods: Array.from({ length: 16 }, () => fill("M", 20)),
      paths: Array.from({ length: 8 }, () => `/${fill("*a", 198)}`),
    });
    return [
      json("the most bindings", path, around(list(16, () => most)), [400, 403]),
      json("many bindings", path, around(list(4_500, () => bound({ host: "h" }))), [400, 413]),
      json(
        "many paths",
        path,
        around(`[${bound({ host: "h" }).slice(0, -1)},"paths":${list(19_000, () => '"/a"')}}]`),
        [400, 413],
      ),
      json(
        "a long path",
        path,
        around(`[${bound({ host: "h", paths: [fill("/*%2e")] })}]`),
        [400, 413],
      ),
      json("a long host", path, around(`[${bound({ host: fill("a.") })}]`), [400, 413]),
      json(
        "many names of secrets",
        path,
        `{"code":"${NOTHING}","secrets":${list(19_000, () => '"A"')}}`,
        [400, 413],
      ),
    ];
  };
  const withFiles = (path: string): Largest[] => {
    const around = (files: string): string => `{"code":"${NOTHING}",${files}}`;
    const deep = (n: number): string => `${"d/".repeat(15)}${String(n).padStart(3, "0")}ж`;
    const bytes = (end: string): string => `"files":{"a":{"base64":"${fill("AAAA")}${end}"}}`;
    // The levels of the usual run refuse them once they are read.
    const taken = [200, 403];
    return [
      json("the most bytes", path, around(bytes("")), taken),
      json("bytes that are none at their end", path, around(bytes("AAA!")), [400]),
      json(
        "the most files",
        path,
        around(`"files":${members(100, `"${fill("ж", 80_000)}"`, deep)}`),
        taken,
      ),
      json("many files", path, around(`"files":${members(190_000, '""')}`), [400, 413]),
      json("a long name", path, around(`"files":{"${fill("a/")}":""}`), [400]),
      json(
        "names of another meaning",
        path,
        around('"files":{"__proto__":"","constructor":""}'),
        taken,
      ),
      json(
        "the worst globs",
        path,
        around(`"artifacts":${list(16, () => `"${fill("**/", 45)}${fill("*a", 55)}"`)}`),
        taken,
      ),
      json("many globs", path, around(`"artifacts":${list(190_000, () => '"*"')}`), [400, 413]),
    ];
  };
  const execute = (path: string): Largest[] => [
    ...(SOAK || isMain(path) ? withFiles(path) : []),
    ...(SOAK || isMain(path) ? withBindings(path) : []),
    ...withPackages(path, `"code":"${NOTHING}",`),
    ...eachValue(path, withInput, [200, 400, 413], { values: isMain(path) ? ALL : WORST }),
    ...eachValue(path, (value) => `{"code":${value}}`, [400, 413], { values: slow(path) }),
    ...eachValue(path, (value) => value, [400, 413], { values: slow(path) }),
    // The same schema refuses them for a plan.
    ...refused(path, isMain(path) ? undefined : FEW),
    json("long code", path, code(`export default () => 1;//${fill("x", 99_000)}`), [200]),
    json("longer code", path, code(fill("x")), [413]),
    manyHeaders(path),
  ];
  return {
    "GET /healthz": () => plain("/healthz", 200),
    "GET /readyz": () => plain("/readyz", 200, 503),
    "GET /metrics": () => plain("/metrics", 200, 401, 403),
    "GET /openapi.json": () => plain("/openapi.json", 200),
    "GET /.well-known/resourcex": () => plain("/.well-known/resourcex", 200),
    "GET /tenant": () => plain("/tenant", 200),
    "GET /tenant/callback-secret": () => plain("/tenant/callback-secret", 200, 409),
    "GET /usage": () => [
      ...queries("/usage", "after"),
      ...plain("/usage?from=2000-01-01&to=9999-12-31", 400),
    ],
    "GET /usage/denials": () => queries("/usage/denials", "from"),
    "GET /admin/usage": () => queries("/admin/usage", "after"),
    "GET /keys": () => plain("/keys", 200),
    "POST /keys": () => [
      ...eachValue("/keys", (value) => `{"label":${value}}`, [400, 413]),
      json("many scopes", "/keys", `{"scopes":${list(190_000, () => '"read"')}}`, [400, 413]),
    ],
    "DELETE /keys/{keyId}": () => plain("/keys/0123456789abcdef", 404),
    "POST /execute": () => [
      ...results("/execute"),
      ...results("/execute", { accept: "text/event-stream" }).slice(0, FEW),
      ...execute("/execute"),
      ...eachValue("/execute", withInput, [202, 400, 413, 429], {
        headers: { prefer: "respond-async" },
      }),
      ...eachValue("/execute", withInput, [200, 400, 413]).map((each, n) => ({
        ...each,
        headers: { ...each.headers, "idempotency-key": `k${n}` },
      })),
    ],
    "POST /plan": () => execute("/plan"),
    "GET /api/v2/runtimes": () => plain("/api/v2/runtimes", 200),
    "POST /api/v2/execute": () => [
      ...eachValue("/api/v2/execute", (value) => program(value), [400, 413]),
      json("many files", "/api/v2/execute", program(list(190_000, () => "1")), [400, 413]),
      json(
        "the most files",
        "/api/v2/execute",
        program(list(199, (n) => `{"name":"k${n}.js","content":"//${fill("x", 4_000)}"}`)),
        [200],
      ),
      json("long input", "/api/v2/execute", program('[{"content":""}]', fill("x", 900_000)), [200]),
    ],
    "POST /mcp": () => [
      ...eachValue("/mcp", (value) => calling("execute", withInput(value)), [200, 400, 413]),
      ...eachValue("/mcp", (value) => calling(name, `{"a":${value}}`), [200, 400, 413]),
      ...eachValue("/mcp", (value) => value, [400, 413]),
      json("bad tools over MCP", "/mcp", calling("execute", refusedMembers[6][1]), [400, 413]),
      json("a long name", "/mcp", calling(fill("x"), "{}"), [200, 413]),
      json(
        "many messages",
        "/mcp",
        list(190_000, () => "1"),
        [400, 413],
      ),
      json(
        "the most messages",
        "/mcp",
        list(20, (n) => calling("execute", withInput(`"${fill("x", 40_000)}"`), n)),
        [200],
      ),
      json(
        "a schema of many levels",
        "/mcp",
        calling(
          "deploy",
          `{"name":"a","code":"1","schema":${fill("[", 40_000)}${fill("]", 40_000)}}`,
        ),
        [200, 413],
      ),
    ],
    "POST /execute/batch": () => [
      ...eachValue(
        "/execute/batch",
        (value) => `{"requests":[${withInput(value)}]}`,
        [200, 400, 413],
      ),
      json(
        "a hundred requests",
        "/execute/batch",
        `{"requests":${list(100, () => withInput(`"${fill("x", 80_000)}"`))}}`,
        [200],
      ),
      json(
        "a hundred bad requests",
        "/execute/batch",
        `{"requests":${list(100, () => `{"tools":${list(1_900, () => "1")}}`)}}`,
        [400, 413],
      ),
      json(
        "190,000 requests",
        "/execute/batch",
        `{"requests":${list(190_000, () => "1")}}`,
        [400, 413],
      ),
    ],
    "GET /executions": () => queries("/executions", "function"),
    "GET /executions/{id}": () => plain(`/executions/${ids}`, 404),
    "GET /executions/{id}/logs": () => plain(`/executions/${ids}/logs`, 404),
    "POST /executions/{id}/calls/{callId}": () =>
      eachValue(`/executions/${ids}/calls/bm9kZQ.1`, (value) => `{"result":${value}}`, [
        ...[404, 413],
      ]),
    "POST /sessions": () => [
      json("a long list", "/sessions", `{"tools":${list(190_000, () => "1")}}`, [400, 413]),
    ],
    "GET /sessions": () => plain("/sessions", 200),
    "GET /sessions/{id}": () => plain(noSession, 404),
    "DELETE /sessions/{id}": () => plain(noSession, 404),
    "POST /sessions/{id}/execute": () => [
      json(
        "a long list",
        `${noSession}/execute`,
        `{"code":"","input":${list(190_000, () => "1")}}`,
        [...[404, 413]],
      ),
    ],
    "GET /jobs/{id}": () => plain(`/jobs/${ids}`, 404),
    "DELETE /jobs/{id}": () => plain(`/jobs/${ids}`, 404),
    "GET /functions": () => queries("/functions", "after"),
    "GET /functions/{name}": () => plain(fn, 200),
    "DELETE /functions/{name}": () => plain("/functions/nobodys", 404),
    "GET /functions/{name}/logs": () => [
      ...plain(`${fn}/logs?limit=200`, 200),
      ...queries(`${fn}/logs`, "version"),
    ],
    "GET /functions/{name}/versions": () => plain(`${fn}/versions`, 200),
    "GET /functions/{name}/versions/{version}": () => plain(`${fn}/versions/1`, 200),
    "PUT /functions/{name}": () => [
      ...eachValue("/functions/large", (value) => `{"files":${value}}`, [400, 413]),
      json("bad files", "/functions/large", `{"files":${members(190_000)}}`, [400, 413]),
      json("many files", "/functions/large", `{"files":${members(190_000, '""')}}`, [400, 413]),
      json(
        "the most files",
        "/functions/large",
        `{"main":"k0","files":${members(200, JSON.stringify(`export default () => 1;//${fill("x", 5_000)}`))}}`,
        [201, 400, 413],
      ),
      ...refused("/functions/large"),
      ...withBindings("/functions/large").slice(0, FEW),
    ],
    "POST /functions/{name}/redeploy": () =>
      eachValue(`${fn}/redeploy`, (value) => `{"version":${value}}`, [400, 413]),
    "GET /functions/{name}/schedules": () => queries(`${fn}/schedules`, "after"),
    "GET /functions/{name}/schedules/{id}": () => plain(`${fn}/schedules/nobodys`, 404),
    "DELETE /functions/{name}/schedules/{id}": () => plain(`${fn}/schedules/nobodys`, 404),
    "GET /functions/{name}/schedules/{id}/runs": () => plain(`${fn}/schedules/nobodys/runs`, 404),
    "PUT /functions/{name}/schedules/{id}": () => [
      ...eachValue(`${fn}/schedules/large`, (value) => `{"cron":"@daily","input":${value}}`, [
        ...[200, 201, 400, 413],
      ]),
      json("a long cron", `${fn}/schedules/large`, `{"cron":"${fill("* ")}"}`, [400, 413]),
    ],
    "GET /hosts": () => plain("/hosts", 200),
    "PUT /hosts/{host}": () => [
      ...eachValue("/hosts/a.example", (value) => `{"function":${value}}`, [400, 413]),
      { what: "a long name", path: `/hosts/${fill("x.", 15_000)}`, expected: [400] },
    ],
    "DELETE /hosts/{host}": () => plain("/hosts/nobodys.example", 404),
    "GET /healthz/host": () => queries("/healthz/host", "domain"),
    "GET /admin/hosts": () => queries("/admin/hosts", "after"),
    "POST /admin/hosts/{host}/verify": () =>
      eachValue("/admin/hosts/a.example/verify", (value) => `{"tenant":${value}}`, [400, 413]),
    "DELETE /admin/hosts/{host}": () => queries("/admin/hosts/a.example", "tenant"),
    "GET /packages": () => queries("/packages", "after"),
    "GET /packages/{set}": () => plain("/packages/nobodys", 404),
    "DELETE /packages/{set}": () => plain("/packages/nobodys", 404),
    "PUT /packages/{set}": () => withPackages("/packages/large", ""),
    "GET /secrets": () => queries("/secrets", "after"),
    "GET /secrets/{name}": () => plain("/secrets/NOBODYS", 404),
    "DELETE /secrets/{name}": () => plain("/secrets/NOBODYS", 404),
    "PUT /secrets/{name}": () =>
      eachValue("/secrets/LARGE", (value) => `{"value":${value}}`, [400, 413]),
    "GET /admin/packages": () => queries("/admin/packages", "after"),
    "GET /admin/packages/{set}": () => plain("/admin/packages/nobodys", 404),
    "DELETE /admin/packages/{set}": () => plain("/admin/packages/nobodys", 404),
    "PUT /admin/packages/{set}": () => withPackages("/admin/packages/large", ""),
    "POST /functions/{name}/rollback": () =>
      eachValue(`${fn}/rollback`, (value) => `{"version":${value}}`, [400, 413]),
    "POST /functions/{name}/invoke": () =>
      eachValue(`${fn}/invoke`, (value) => `{"input":${value}}`, [200, 400, 413]),
    ...Object.fromEntries(
      ["GET", "POST", "PUT", "PATCH", "DELETE"].map((method) => [
        `${method} /f/{tenant}/{name}/{path}`,
        () => [
          { what: "a long query", path: `${http}?${fill("a=1&", 15_000)}`, expected: [200] },
          { what: "a long path", path: `${http}${fill("/%2e", 15_000)}`, expected: [200, 400] },
          {
            what: "a long header",
            path: http,
            headers: { cookie: fill("a=%2569; ", 15_000) },
            expected: [200],
          },
          manyHeaders(http),
          ...(method === "GET"
            ? []
            : [
                { what: "a large body", path: http, body: fill("x"), expected: [200] },
                {
                  what: "too large a body",
                  path: http,
                  body: fill("x", MAX_BODY + 1),
                  expected: [413],
                },
              ]),
        ],
      ]),
    ),
    "GET /api/v1/resource": () => queries(registry("/resource"), "locator"),
    "GET /api/v1/content": () => queries(registry("/content"), "locator"),
    "DELETE /api/v1/resource": () => queries(registry("/resource"), "locator"),
    "GET /api/v1/health": () => plain(registry("/health"), 200),
    "GET /api/v1/resource/{locator}": () => tagged(registry("/resource"), locator),
    "GET /api/v1/content/{locator}": () => tagged(registry("/content"), locator),
    "DELETE /api/v1/resource/{locator}": () => tagged(registry("/resource"), "nobodys.org/a@1"),
    "GET /api/v1/search": () => queries(registry("/search"), "q"),
    "GET /api/v1/types": () => plain(registry("/types"), 200),
    "POST /api/v1/publish": FORMS,
    "POST /api/v1/resolve": () =>
      eachValue(registry("/resolve"), (value) => `{"locator":"${locator}","args":${value}}`, [
        ...[200, 400, 404, 413, 422],
      ]),
    "POST /api/v1/types": () => [
      ...eachValue(registry("/types"), (value) => `{"source":${value}}`, [400, 413]),
      json(
        "parentheses",
        registry("/types"),
        JSON.stringify({ source: fill("(", 1_048_000) }),
        [400],
      ),
      json(
        "an enum",
        registry("/types"),
        JSON.stringify({ source: `enum A { ${fill('a="x",', 900_000)} }` }),
        [400],
      ),
    ],
    "GET /admin/nodes": () => plain("/admin/nodes", 200),
    "GET /admin/executions": () => [
      ...plain("/admin/executions?limit=200", 200),
      ...queries("/admin/executions", "cursor"),
    ],
    "GET /admin/jobs": () => [
      ...plain("/admin/jobs?limit=200", 200),
      ...queries("/admin/jobs", "cursor"),
    ],
    "GET /admin/audit": () => [
      ...plain("/admin/audit?limit=200", 200),
      ...queries("/admin/audit", "cursor"),
    ],
    "GET /admin/tenants": () => queries("/admin/tenants", "after"),
    "GET /admin/tenants/{id}": () => plain(`/admin/tenants/${tenant}`, 200),
    "PUT /admin/tenants/{id}": () => [
      ...eachValue("/admin/tenants/large", (value) => `{"env":${value}}`, [400, 413, 422, 503]),
      ...eachValue("/admin/tenants/large", (value) => `{"ceiling":${value}}`, [400, 413]),
      ...refused("/admin/tenants/large"),
    ],
    "PATCH /admin/tenants/{id}": () => [
      ...eachValue("/admin/tenants/large", (value) => `{"env":${value}}`, [400, 404, 413]),
      ...eachValue("/admin/tenants/large", (value) => `{"ceiling":${value}}`, [400, 404, 413]),
      ...refused("/admin/tenants/large"),
    ],
    "POST /admin/tenants/{id}/suspend": () =>
      eachValue("/admin/tenants/nobody/suspend", (value) => `{"reason":${value}}`, [400, 413]),
    "POST /admin/tenants/{id}/resume": () => plain("/admin/tenants/nobody/resume", 404),
    "DELETE /admin/tenants/{id}": () => plain("/admin/tenants/nobody", 404),
    "GET /admin/tenants/{id}/keys": () => plain(`/admin/tenants/${tenant}/keys`, 200),
    "POST /admin/tenants/{id}/keys": () =>
      eachValue(`/admin/tenants/${tenant}/keys`, (value) => `{"label":${value}}`, [400, 413]),
    "DELETE /admin/tenants/{id}/keys/{keyId}": () =>
      plain(`/admin/tenants/${tenant}/keys/0123456789abcdef`, 404),
  };
}
