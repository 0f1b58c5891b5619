/** Attempts of a tenant on another one's objects, by operation of the contract. */
import { form, taggedForm } from "./registry-server.ts";

/** Objects of one tenant, the owner, by names that another one may have learned. */
export interface Owned {
  readonly tenant: string;
  /** Ids of an execution, of a finished job and of a waiting one. */
  readonly execution: string;
  readonly job: string;
  readonly waiting: string;
  /** Names of functions: called by value, and by HTTP. */
  readonly name: string;
  readonly site: string;
  /** An existing version of the first one. */
  readonly version: number;
  /** Keys, each used for an execution of `SHARED_BODY`. */
  readonly idempotencyKeys: readonly string[];
  readonly locator: string;
  /** A resource whose type only the owner has. */
  readonly typed: string;
  readonly domain: string;
  /** A prepared set of packages. */
  readonly set: string;
  /** A schedule of the first function. */
  readonly schedule: string;
  /** A verified host name. */
  readonly host: string;
  /** A secret. */
  readonly secret: string;
  readonly keyId: string;
}

export interface Probe {
  /** Parameters that refer to an object of the owner, as `in:name`. */
  readonly names: readonly string[];
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly form?: () => Promise<FormData>;
  /** Expected status and code. The status alone for the prober's own objects. */
  readonly expected: readonly [status: number, code?: string];
}

/** Body of a request that the owner has sent and that every tenant may send. */
export const SHARED_BODY = { code: "export default () => 1" };

/** Parameters that refer to no object of a tenant. */
export const NAMELESS: ReadonlySet<string> = new Set([
  ...["query:level", "query:follow"],
  ...["header:accept", "header:prefer", "path:path"],
  ...["query:limit", "query:offset", "query:outcome", "query:via", "query:since", "query:until"],
  ...[
    "body:code",
    "body:input",
    "body:entry",
    "body:language",
    "body:timeout",
    "body:queueTimeout",
    "body:memory",
    "body:sandbox",
  ],
  ...["body:tools", "body:permissions", "body:explain", "body:reuse", "body:callback"],
  // Names of secrets in it are looked up for the tenant alone: tests/unit/src/kernel/bindings.test.ts.
  "body:bindings",
  // Hashed together with the tenant: see tests/unit/src/kernel/tenants.test.ts.
  "body:reuseKey",
  ...["body:cron", "body:timezone", "body:overlap", "body:paused"],
  ...[
    "body:files",
    "body:artifacts",
    "body:main",
    "body:kind",
    "body:public",
    "body:stripPrefix",
    "body:cors",
    "body:args",
  ],
  ...["body:schema", "body:description", "header:mcp-protocol-version"],
  ...["body:jsonrpc", "body:id", "body:method", "body:params"],
  ...["body:archive", "body:content", "body:update", "body:dependencies", "body:overrides"],
  // Values of a call, and declarations of functions that only the prober answers.
  ...["body:result", "body:error", "body:functions", "body:functionsEndpoint"],
  ...["body:stdin", "body:run_timeout", "body:compile_timeout"],
  ...["body:run_cpu_time", "body:compile_cpu_time"],
  ...["body:run_memory_limit", "body:compile_memory_limit"],
  "body:value",
  ...["body:idle", "body:max"],
  ...["query:from", "query:to", "query:by"],
  // A new key is the prober's own.
  ...["body:label", "body:scopes", "body:expiresAt"],
  // Both are executed alone. Their content is probed at `POST /execute`.
  ...["body:requests", "body:source"],
]);

const NO_FUNCTION = [404, "FUNCTION_NOT_FOUND"] as const;
/** Id of a session of a server that is not there. */
const NO_SESSION = "bm9kZQ.AAAAAAAAAAAAAAAAAAAAAA";
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/**
 * Returns all probes by method and path, as in the contract. `hasSame` means that the prober has
 * functions with the same names.
 */
export function probesOf(owned: Owned, hasSame: boolean): Record<string, readonly Probe[]> {
  const { name, site, version, locator, typed, domain, idempotencyKeys, set } = owned;
  const { schedule, host, secret } = owned;
  const at = `/functions/${name}`;
  const scheduled = `${at}/schedules/${schedule}`;
  const noSchedule = hasSame ? ([404, "SCHEDULE_NOT_FOUND"] as const) : NO_FUNCTION;
  const own = hasSame ? ([200] as const) : NO_FUNCTION;
  const gone = hasSame ? ([204] as const) : NO_FUNCTION;
  const named = ["path:name"];
  const once = (place: number) => ({
    names: ["header:idempotency-key"],
    headers: { "idempotency-key": idempotencyKeys[place] ?? "" },
    expected: [200] as const,
  });
  const one = (path: string, names: string[], expected: Probe["expected"]): Probe[] => [
    { path, names, expected },
  ];
  const registry = (path: string, names: string[], expected: Probe["expected"]) =>
    one(`/api/v1${path}`, names, expected);
  const manifest = { domain, name: "more", type: "text", version: "1" };
  const tag = encodeURIComponent(locator.replace(/\.\w+@/, ":"));
  const resolve = { path: "/api/v1/resolve", names: ["body:locator"] };
  const noJob = [404, "JOB_NOT_FOUND"] as const;
  const noSession = [404, "SESSION_NOT_FOUND"] as const;
  const refused = [400, "BAD_REQUEST"] as const;
  const noSet = [404, "PACKAGES_NOT_FOUND"] as const;
  const params = { name: "execute", arguments: SHARED_BODY };
  const plan = { path: "/plan", expected: refused } as const;
  const withSet = { names: ["body:packages"], body: { ...SHARED_BODY, packages: set } };
  const noSecret = [404, "SECRET_NOT_FOUND"] as const;
  const withSecret = {
    names: ["body:secrets"],
    body: { ...SHARED_BODY, secrets: [secret] },
    expected: [400, "SECRET_NOT_FOUND"] as const,
  };
  return {
    // Only the owner has the type.
    "POST /plan": [
      { ...plan, names: ["body:type"], body: { type: "ledger" } },
      { ...plan, names: ["body:locator"], body: { locator: typed } },
      { ...plan, ...withSet },
      { path: "/plan", ...withSecret },
    ],
    "POST /execute": [
      { ...once(0), path: "/execute", body: SHARED_BODY },
      { ...once(1), path: "/execute", body: { code: "export default () => 2" } },
      { path: "/execute", ...withSet, expected: refused },
      { path: "/execute", ...withSecret },
    ],
    // A version of its own language, which no tenant has.
    "POST /api/v2/execute": [
      {
        path: "/api/v2/execute",
        names: ["body:version"],
        body: { language: "js", version: "ours", files: [{ content: "1" }] },
        expected: [400, "js-ours runtime is unknown"],
      },
    ],
    // The name of a session is of no use without its tenant's key. Contents are probed in
    // tests/e2e/mcp.test.ts.
    "POST /mcp": [
      {
        path: "/mcp",
        names: ["header:mcp-session-id"],
        headers: { "mcp-session-id": "of-the-owner" },
        body: { jsonrpc: "2.0", id: 1, method: "tools/call", params },
        expected: [200],
      },
    ],
    "POST /execute/batch": [
      { ...once(2), path: "/execute/batch", body: { requests: [SHARED_BODY] } },
    ],
    "GET /executions": [
      ...one(`/executions?cursor=${owned.execution}`, ["query:cursor"], [200]),
      ...one(`/executions?function=${name}`, ["query:function"], [200]),
    ],
    "GET /executions/{id}": [owned.execution, owned.job].flatMap((id) =>
      one(`/executions/${id}`, ["path:id"], [404, "EXECUTION_NOT_FOUND"]),
    ),
    "GET /executions/{id}/logs": [owned.execution, owned.job].flatMap((id) =>
      one(`/executions/${id}/logs`, ["path:id"], [404, "EXECUTION_NOT_FOUND"]),
    ),
    // Ids of calls say where they wait, so that a tenant can make one for any execution.
    "POST /executions/{id}/calls/{callId}": [owned.execution, owned.waiting].map((id) => ({
      path: `/executions/${id}/calls/bm9kZQ.1`,
      names: ["path:id", "path:callId"],
      body: { result: 1 },
      expected: [404, "CALL_NOT_FOUND"] as const,
    })),
    // Contents are probed in tests/e2e/sessions.test.ts.
    "GET /sessions/{id}": one(`/sessions/${NO_SESSION}`, ["path:id"], noSession),
    "DELETE /sessions/{id}": one(`/sessions/${NO_SESSION}`, ["path:id"], noSession),
    "POST /sessions/{id}/execute": [
      {
        path: `/sessions/${NO_SESSION}/execute`,
        names: ["path:id"],
        body: SHARED_BODY,
        expected: noSession,
      },
    ],
    "POST /sessions": [
      {
        path: "/sessions",
        ...withSet,
        body: { packages: set },
        expected: refused,
      },
      { ...withSecret, path: "/sessions", body: { secrets: [secret] } },
    ],
    "GET /jobs/{id}": [owned.job, owned.waiting].flatMap((id) =>
      one(`/jobs/${id}`, ["path:id"], noJob),
    ),
    "DELETE /jobs/{id}": [owned.job, owned.waiting].flatMap((id) =>
      one(`/jobs/${id}`, ["path:id"], noJob),
    ),
    "GET /functions": one(`/functions?after=${name.slice(0, -1)}`, ["query:after"], [200]),
    "GET /functions/{name}": one(at, named, own),
    "GET /functions/{name}/logs": one(
      `${at}/logs?version=${version}&cursor=${owned.execution}`,
      [...named, "query:version", "query:cursor"],
      own,
    ),
    "GET /functions/{name}/versions": one(`${at}/versions`, named, own),
    "GET /functions/{name}/versions/{version}": one(
      `${at}/versions/${version}`,
      [...named, "path:version"],
      NO_FUNCTION,
    ),
    "POST /functions/{name}/redeploy": [
      {
        path: `${at}/redeploy`,
        names: [...named, "body:version"],
        body: { version },
        expected: NO_FUNCTION,
      },
    ],
    "GET /functions/{name}/schedules": one(
      `${at}/schedules?after=${schedule.slice(0, -1)}`,
      [...named, "query:after"],
      own,
    ),
    "GET /functions/{name}/schedules/{id}": one(scheduled, [...named, "path:id"], noSchedule),
    "GET /functions/{name}/schedules/{id}/runs": one(
      `${scheduled}/runs`,
      [...named, "path:id"],
      noSchedule,
    ),
    "DELETE /functions/{name}/schedules/{id}": one(scheduled, [...named, "path:id"], noSchedule),
    // Makes a schedule of the prober's own function with that name.
    "PUT /functions/{name}/schedules/{id}": [
      {
        path: scheduled,
        names: [...named, "path:id"],
        body: { cron: "@yearly" },
        expected: hasSame ? [201] : NO_FUNCTION,
      },
    ],
    "GET /packages": one(`/packages?after=${set.slice(0, -1)}`, ["query:after"], [200]),
    "GET /packages/{set}": one(`/packages/${set}`, ["path:set"], noSet),
    "DELETE /packages/{set}": one(`/packages/${set}`, ["path:set"], noSet),
    // This server has no registry.
    "PUT /packages/{set}": [
      {
        path: `/packages/${set}`,
        names: ["path:set"],
        body: { dependencies: { zod: "4" } },
        expected: refused,
      },
    ],
    "GET /secrets": one(`/secrets?after=${secret.slice(0, -1)}`, ["query:after"], [200]),
    "GET /secrets/{name}": one(`/secrets/${secret}`, named, noSecret),
    "DELETE /secrets/{name}": one(`/secrets/${secret}`, named, noSecret),
    "GET /usage": one(`/usage?by=function&after=${name.slice(0, -1)}`, ["query:after"], [200]),
    "DELETE /keys/{keyId}": one(`/keys/${owned.keyId}`, ["path:keyId"], [404, "KEY_NOT_FOUND"]),
    "POST /functions/{name}/rollback": [
      {
        path: `${at}/rollback`,
        names: [...named, "body:version"],
        body: { version },
        expected: NO_FUNCTION,
      },
    ],
    "POST /functions/{name}/invoke": [
      {
        ...once(3),
        path: `${at}/invoke`,
        names: ["header:idempotency-key", ...named],
        body: {},
        expected: own,
      },
      {
        path: `${at}/invoke`,
        names: [...named, "body:version"],
        body: { version },
        expected: NO_FUNCTION,
      },
    ],
    // Asking for a name that another one has is no use, and tells nothing.
    "PUT /hosts/{host}": [
      {
        path: `/hosts/${host}`,
        names: ["path:host", "body:function"],
        body: { function: name },
        expected: [201],
      },
    ],
    "DELETE /hosts/{host}": one(`/hosts/${host}`, ["path:host"], [204]),
    // Everybody may ask a served name what it answers.
    "GET /healthz/host": one(`/healthz/host?domain=${host}`, ["query:domain"], [200]),
    "DELETE /functions/{name}": one(at, named, gone),
    // Makes a function of the prober's own with that name.
    "PUT /functions/{name}": [
      { path: at, names: named, body: { code: "export default () => 3" }, expected: [201] },
      { path: at, ...withSet, expected: refused },
      { path: at, ...withSecret },
    ],
    ...Object.fromEntries(
      METHODS.map((method) => [
        `${method} /f/{tenant}/{name}/{path}`,
        [site, name].flatMap((each) =>
          one(`/f/${owned.tenant}/${each}/x`, ["path:tenant", ...named], NO_FUNCTION),
        ),
      ]),
    ),
    // Published resources are readable for all. Only their domain's tenant may change them.
    "GET /api/v1/resource": registry(`/resource?locator=${locator}`, ["query:locator"], [200]),
    "GET /api/v1/content": registry(`/content?locator=${locator}`, ["query:locator"], [200]),
    "DELETE /api/v1/resource": registry(
      `/resource?locator=${locator}`,
      ["query:locator"],
      [403, "DOMAIN_FORBIDDEN"],
    ),
    "GET /api/v1/resource/{locator}": registry(`/resource/${tag}`, ["path:locator"], [200]),
    "GET /api/v1/content/{locator}": registry(`/content/${tag}`, ["path:locator"], [200]),
    "DELETE /api/v1/resource/{locator}": registry(
      `/resource/${tag}`,
      ["path:locator"],
      [403, "DOMAIN_FORBIDDEN"],
    ),
    "POST /api/v1/publish": [
      {
        path: "/api/v1/publish",
        names: ["body:manifest"],
        form: () => form(manifest),
        expected: [403, "DOMAIN_FORBIDDEN"],
      },
      {
        path: "/api/v1/publish",
        names: ["body:locator", "body:manifest"],
        form: () => taggedForm(`${domain}/more:1`, { type: "text" }),
        expected: [403, "DOMAIN_FORBIDDEN"],
      },
    ],
    "GET /api/v1/search": registry(
      `/search?q=${domain}&domain=${domain}&type=${typed.split(/[.@]/).at(-2)}`,
      ["query:q", "query:domain", "query:type"],
      [200],
    ),
    "GET /api/v1/types": registry("/types?after=ledge", ["query:after"], [200]),
    // Only the owner has the type.
    "POST /api/v1/resolve": [
      { ...resolve, body: { locator: typed }, expected: [400, "UNSUPPORTED_TYPE"] },
    ],
    // The last one: it writes a secret of the prober's own with that name.
    "PUT /secrets/{name}": [
      {
        path: `/secrets/${secret}`,
        names: named,
        body: { value: "the prober's own" },
        expected: [201],
      },
    ],
  };
}
