/** What a tenant tries with what is another's, by operation of the contract. */
import { form } from "./registry-server.ts";

/** What one tenant, the owner, has, as another one may have got to know it. */
export interface Owned {
  readonly tenant: string;
  /** Ids of an execution, of a job that is over and of one that waits. */
  readonly execution: string;
  readonly job: string;
  readonly waiting: string;
  /** Of functions: called by value, and by HTTP. */
  readonly name: string;
  readonly site: string;
  /** A version that the first one has. */
  readonly version: number;
  /** Each of an execution by `SHARED_BODY`. */
  readonly idempotencyKeys: readonly string[];
  readonly locator: string;
  /** A resource of a type that is the owner's alone. */
  readonly typed: string;
  readonly domain: string;
}

export interface Probe {
  /** What the operation takes that names something of the owner's, as `in:name`. */
  readonly names: readonly string[];
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly form?: () => Promise<FormData>;
  /** Status and code, or the status alone for what is the prober's own. */
  readonly expected: readonly [status: number, code?: string];
}

/** The body of a request whose execution the owner has had, and that everybody may have. */
export const SHARED_BODY = { code: "export default () => 1" };

/** What no operation can name anything of a tenant's by: each is what it says itself. */
export const NAMELESS: ReadonlySet<string> = new Set([
  ...["header:accept", "header:prefer", "path:path"],
  ...["query:limit", "query:offset", "query:outcome", "query:via", "query:since", "query:until"],
  ...["body:code", "body:input", "body:entry", "body:timeout", "body:memory", "body:sandbox"],
  ...["body:tools", "body:permissions", "body:explain", "body:reuse", "body:callback"],
  ...["body:files", "body:main", "body:kind", "body:public", "body:args", "body:archive"],
  // Both are run by themselves: what is in them has been probed at `POST /execute`.
  ...["body:requests", "body:source"],
]);

const NO_FUNCTION = [404, "FUNCTION_NOT_FOUND"] as const;
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** All probes, by method and path as the contract has them. `hasSame`: the prober has functions of those names. */
export function probesOf(owned: Owned, hasSame: boolean): Record<string, readonly Probe[]> {
  const { name, site, version, locator, typed, domain, idempotencyKeys } = owned;
  const at = `/functions/${name}`;
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
  const resolve = { path: "/api/v1/resolve", names: ["body:locator"] };
  const noJob = [404, "JOB_NOT_FOUND"] as const;
  return {
    "POST /execute": [
      { ...once(0), path: "/execute", body: SHARED_BODY },
      { ...once(1), path: "/execute", body: { code: "export default () => 2" } },
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
    "GET /jobs/{id}": [owned.job, owned.waiting].flatMap((id) =>
      one(`/jobs/${id}`, ["path:id"], noJob),
    ),
    "DELETE /jobs/{id}": [owned.job, owned.waiting].flatMap((id) =>
      one(`/jobs/${id}`, ["path:id"], noJob),
    ),
    "GET /functions": one(`/functions?after=${name.slice(0, -1)}`, ["query:after"], [200]),
    "GET /functions/{name}": one(at, named, own),
    "GET /functions/{name}/versions": one(`${at}/versions`, named, own),
    "GET /functions/{name}/versions/{version}": one(
      `${at}/versions/${version}`,
      [...named, "path:version"],
      NO_FUNCTION,
    ),
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
    "DELETE /functions/{name}": one(at, named, gone),
    // A function of its own by that name, and nobody else's.
    "PUT /functions/{name}": [
      { path: at, names: named, body: { code: "export default () => 3" }, expected: [201] },
    ],
    ...Object.fromEntries(
      METHODS.map((method) => [
        `${method} /f/{tenant}/{name}/{path}`,
        [site, name].flatMap((each) =>
          one(`/f/${owned.tenant}/${each}/x`, ["path:tenant", ...named], NO_FUNCTION),
        ),
      ]),
    ),
    // What is published is everybody's to read, and its domain's tenant's to change.
    "GET /api/v1/resource": registry(`/resource?locator=${locator}`, ["query:locator"], [200]),
    "GET /api/v1/content": registry(`/content?locator=${locator}`, ["query:locator"], [200]),
    "DELETE /api/v1/resource": registry(
      `/resource?locator=${locator}`,
      ["query:locator"],
      [403, "DOMAIN_FORBIDDEN"],
    ),
    "POST /api/v1/publish": [
      {
        path: "/api/v1/publish",
        names: ["body:manifest"],
        form: () => form(manifest),
        expected: [403, "DOMAIN_FORBIDDEN"],
      },
    ],
    "GET /api/v1/search": registry(
      `/search?q=${domain}&domain=${domain}&type=${typed.split(/[.@]/).at(-2)}`,
      ["query:q", "query:domain", "query:type"],
      [200],
    ),
    "GET /api/v1/types": registry("/types?after=ledge", ["query:after"], [200]),
    // The type is the owner's alone.
    "POST /api/v1/resolve": [
      { ...resolve, body: { locator: typed }, expected: [400, "UNSUPPORTED_TYPE"] },
    ],
  };
}
