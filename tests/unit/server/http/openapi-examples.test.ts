/** Tests the contract of all routes: it is valid, has names for clients, and examples that work. */
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ADMIN_KEY, SECRET_KEY, type Told, tenantsApp } from "../../../helpers/tenants.ts";

interface Content {
  readonly schema: object;
  readonly examples?: Record<string, { summary: string; value: unknown }>;
}

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly security: Record<string, unknown>[];
  readonly parameters?: { name: string; in: string; example?: string }[];
  readonly requestBody?: { readonly content: Record<string, Content> };
  readonly responses: Record<string, { description: string; content?: Record<string, Content> }>;
}

interface Document {
  readonly servers: readonly { url: string }[];
  readonly tags: readonly { name: string; description: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, { [key: string]: unknown }> };
}

interface Described extends Operation {
  readonly method: string;
  readonly path: string;
}

/** Verbs with which names of operations begin. */
const VERB =
  /^(?:batch|call|cancel|check|create|delete|deploy|execute|find|get|invoke|list|plan|publish|put|redeploy|resolve|resume|revoke|rollback|search|suspend|update|verify)(?:[A-Z][a-z0-9]*)*$/;

let host: Awaited<ReturnType<typeof tenantsApp>>;
let server: ReturnType<typeof host.start>;
let key: string;
let document: Document;
let operations: Described[];
beforeAll(async () => {
  host = await tenantsApp();
  server = host.start({ adminKey: ADMIN_KEY, secretKey: SECRET_KEY });
  ({ key } = await server.tenant("acme"));
  document = (await (await server.app.request("/openapi.json")).json()) as Document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
  );
}, 60_000);
afterAll(() => host.close());

it("the document is valid OpenAPI 3.1", async () => {
  const { valid, errors } = await new Validator().validate(structuredClone({ ...document }));
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
  expect(document.servers).toMatchObject([{ url: "/" }]);
});

it("every schema is a valid JSON Schema", () => {
  const ajv = ajvOf();
  const contents = operations.flatMap(({ requestBody, responses }) =>
    [requestBody, ...Object.values(responses)].flatMap((each) =>
      Object.values(each?.content ?? {}),
    ),
  );
  expect(contents.length).toBeGreaterThan(100);
  for (const { schema } of contents) ajv.compile(withComponents(schema));
});

it("names of operations are unique, and begin with a verb", () => {
  const ids = operations.map(({ operationId }) => operationId);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  expect(ids.filter((id) => !VERB.test(id))).toEqual([]);
  expect(ids).toEqual(
    expect.arrayContaining([
      ...["execute", "executeBatch", "plan", "listExecutions", "getExecution", "getExecutionLogs"],
      ...["deployFunction", "invokeFunction", "listFunctions", "listFunctionVersions"],
      ...["rollbackFunction", "putFunctionSchedule", "listFunctionScheduleRuns", "cancelJob"],
      ...["putPackageSet", "putSharedPackageSet", "createKey", "createTenantKey", "revokeKey"],
      ...["putTenant", "updateTenant", "suspendTenant", "getOwnTenant", "callHttpFunctionWithGet"],
    ]),
  );
});

it("groups are described, and each is used", () => {
  const described = document.tags.map(({ name }) => name);
  expect(document.tags.filter(({ description }) => !/\S/.test(description))).toEqual([]);
  const used = new Set(operations.flatMap(({ tags }) => tags));
  expect([...used].sort()).toEqual([...described].sort());
  expect(described[0]).toBe("Executions");
});

it("permissions, answers later and streams have their shapes", () => {
  const { ExecuteRequest, ExecutionEvents, Schedule } = document.components.schemas;
  expect(ExecuteRequest?.properties).toMatchObject({
    permissions: {
      default: {},
      anyOf: [
        { type: "string", enum: ["none"] },
        {
          additionalProperties: false,
          properties: {
            ...{ env: {}, net: {}, read: {}, write: {}, run: {}, ffi: {}, sys: {} },
            hrtime: { type: "boolean" },
          },
        },
      ],
    },
  });
  for (const event of ["log", "channel", "packages", "denied", "dropped", "result", "error"]) {
    expect(ExecutionEvents?.description).toContain(`\`${event}\``);
  }
  expect(Schedule).toBeDefined();
  const streamed = operations.filter(({ responses }) => {
    return responses[200]?.content?.["text/event-stream"] !== undefined;
  });
  expect(streamed.map(({ operationId }) => operationId).sort()).toEqual([
    "execute",
    "executeInSession",
    "invokeFunction",
    "listFunctionLogs",
  ]);
});

it("codes of errors in the contract are those of the docs", () => {
  const docs = readFileSync(new URL("../../../../docs/api/errors.md", import.meta.url), "utf8");
  const codes = operations.flatMap(({ responses }) =>
    Object.values(responses).flatMap(({ description }) =>
      [...description.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code ?? ""),
    ),
  );
  expect(new Set(codes).size).toBeGreaterThan(30);
  expect([...new Set(codes)].filter((code) => !docs.includes(`\`${code}\``))).toEqual([]);
  const execute = operations.find(({ operationId }) => operationId === "execute");
  expect(Object.keys(execute?.responses ?? {})).toEqual(
    expect.arrayContaining(["200", "202", "400", "401", "403", "413", "415", "429", "503"]),
  );
});

/** Operations whose examples need what this server does not have: they are refused for that alone. */
const NEEDS_MORE: Readonly<Record<string, string>> = {
  executeInSession: "SESSION_NOT_FOUND",
  putPackageSet: "BAD_REQUEST",
  putSharedPackageSet: "BAD_REQUEST",
  resolveResource: "RESOURCE_NOT_FOUND",
  // Nothing runs that waits for it.
  createCallAnswer: "CALL_NOT_FOUND",
  // The engines here only record what they are to run.
  createType: "INVALID_TYPE",
};

it("every body has examples that its schema takes and the server accepts", async () => {
  const ajv = ajvOf();
  const withBody = operations.filter(
    ({ requestBody }) => requestBody?.content["application/json"] !== undefined,
  );
  expect(withBody.length).toBeGreaterThan(15);
  const unaccepted: unknown[] = [];
  for (const { operationId, path, method, security, parameters = [], ...operation } of withBody) {
    const { schema = {}, examples = {} } = operation.requestBody?.content["application/json"] ?? {};
    expect(Object.keys(examples), operationId).not.toEqual([]);
    const check = ajv.compile(withComponents(schema));
    // The docs page fills a path with these.
    const filled = path.replace(/\{(\w+)\}/g, (_, name) => {
      const { example } = parameters.find((each) => each.name === name) ?? {};
      expect(example, `${operationId}: ${name}`).toBeTypeOf("string");
      return example ?? "";
    });
    for (const [name, { summary, value }] of Object.entries(examples)) {
      expect(summary).toMatch(/\S/);
      expect(check(value), `${operationId} ${name}: ${ajv.errorsText(check.errors)}`).toBe(true);
      const isAdmin = security.some((scheme) => "admin" in scheme);
      const { status, body } = await send(method, filled, value, isAdmin ? ADMIN_KEY : key);
      const code = codeOf(body);
      if (status >= 300 && NEEDS_MORE[operationId] !== code) {
        unaccepted.push([operationId, name, status, JSON.stringify(body)]);
      }
      if (operationId === "suspendTenant") {
        await send("POST", "/admin/tenants/acme/resume", undefined, ADMIN_KEY);
      }
    }
  }
  expect(unaccepted).toEqual([]);
});

async function send(
  method: string,
  path: string,
  value: unknown,
  authorization: string,
): Promise<Pick<Told, "status" | "body">> {
  const response = await server.app.request(path, {
    method: method.toUpperCase(),
    headers: { "content-type": "application/json", authorization: `Bearer ${authorization}` },
    ...(value !== undefined && { body: JSON.stringify(value) }),
  });
  return { status: response.status, body: await response.json() };
}

function codeOf(body: { error?: { code?: string }; code?: string }): string | undefined {
  return body.code ?? body.error?.code;
}

function ajvOf(): Ajv2020 {
  return new Ajv2020({ strict: false, validateFormats: false });
}

/** Makes a schema of the document usable by itself. */
function withComponents(schema: object): object {
  return { ...schema, components: document.components };
}
