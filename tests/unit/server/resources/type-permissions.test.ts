import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Store } from "../../../../server/store/contract/store.ts";
import { openStore } from "../../../../server/store/open.ts";
import { Veto } from "../../../../src/base/errors.ts";
import type { Engine } from "../../../../src/engines/contract/contract.ts";
import type { IsolatePlugin } from "../../../../src/plugins/plugin.ts";
import type { ExecuteRequest } from "../../../../src/request/types.ts";
import { sample } from "../../../contract/case-choice.ts";
import { form, realmContainers, registryServer } from "../../../helpers/registry-server.ts";
import { storeDirectory } from "../../../helpers/store.ts";

const adminKey = "the-key-of-an-operator-of-the-tests";
const ceiling = { net: ["api.example.com:443", "other.example.com:443"], sys: ["hostname"] };
const seen: Partial<ExecuteRequest>[] = [];
const watcher: IsolatePlugin = {
  name: "watcher",
  setup(api) {
    api.onValidate.tap((request, { id }) => {
      seen.push(request);
      if (id === "vetoed" && request.input !== undefined) throw new Veto("not today");
    });
  },
};
const settings = { tenants: true, ceiling };
let engine: Engine;
let directory: string;
let store: Store;
let served: ReturnType<typeof registryServer>;

const open = (given: object = settings) =>
  registryServer({ store, engine, adminKey, settings: given, plugins: [watcher] });

beforeAll(async () => {
  directory = await storeDirectory();
  store = await openStore(directory);
  engine = await realmContainers();
  served = open();
}, 120_000);
afterAll(async () => {
  await engine.close();
  await store.close();
  await rm(dirname(directory), { recursive: true });
});

type Headers = Record<string, string>;

function call(headers: Headers, server = served) {
  return async (path: string, body: object): Promise<Record<string, unknown>> => {
    const all = { ...headers, "content-type": "application/json" };
    const init = { method: "POST", headers: all, body: JSON.stringify(body) };
    const response = await server.app.request(path, init);
    const answer = (await response.json()) as Record<string, unknown>;
    return { status: response.status, ...answer };
  };
}

function source(name: string, fields: string): { source: string } {
  return {
    source: `export default { name: "${name}", description: "", resolve: () => 1, ${fields} }`,
  };
}

async function publish(headers: Headers, type: string): Promise<string> {
  const manifest = { domain: `${type}.org`, name: "a", type, version: "1" };
  const init = { method: "POST", headers, body: await form(manifest) };
  expect((await served.app.request("/api/v1/publish", init)).status).toBe(201);
  return `${type}.org/a.${type}@1`;
}

const GRANTED =
  'permissions: { net: ["api.example.com:443"], sys: ["hostname"] }, tools: ["crypto"]';

describe("what a type asks for", () => {
  it("is read without a run on the host, kept, shown, and asked for at each execution", async () => {
    const headers = await served.tenant("asks");
    const permissions = { net: ["api.example.com:443"], sys: ["hostname"] };
    const uploaded = await call(headers)("/api/v1/types", source("asks", GRANTED));
    expect(uploaded).toMatchObject({ status: 201, permissions, tools: ["crypto"] });
    served = open();
    const listed = await served.app.request("/api/v1/types?after=binary", { headers });
    expect(await listed.json()).toEqual({
      types: [
        {
          name: "asks",
          aliases: [],
          description: "",
          permissions,
          tools: ["crypto"],
          sandbox: "container",
        },
      ],
    });
    const locator = await publish(headers, "asks");
    seen.length = 0;
    await call(headers)("/api/v1/resolve", { locator });
    expect(seen).toMatchObject([
      { permissions, tools: ["crypto"], sandbox: "container", entry: "default" },
    ]);
  });

  it.each(
    sample(
      [
        [
          "a host beyond the ceiling",
          'permissions: { net: ["api.example.com:443", "evil.example:443"] }',
          403,
          "permissions.net[1]: ",
          "exceeds the ceiling",
        ],
        [
          "a path that is not mapped",
          'permissions: { read: ["/etc"] }',
          403,
          "permissions.read[0]: ",
          "",
        ],
        ["a program", 'permissions: { run: ["sh"] }', 403, "permissions.run[0]: ", ""],
        ["a tool that there is not", 'tools: ["crypto", "rockets"]', 400, "tools[1]: ", "rockets"],
        [
          "everything",
          'permissions: "inherit"',
          400,
          "Failed to bundle source: permissions: ",
          "inherit",
        ],
        [
          "what is no list",
          "permissions: { net: true }",
          400,
          "Failed to bundle source: permissions.net: ",
          "list",
        ],
        [
          "what is no permission",
          "permissions: { fly: [] }",
          400,
          "Failed to bundle source: permissions.fly: ",
          "",
        ],
        [
          "what a function says",
          "permissions: () => ({})",
          400,
          "Failed to bundle source: permissions: ",
          "",
        ],
        ["a list of functions", "permissions: { net: [() => 1] }", 400, "permissions.net[0]: ", ""],
        [
          "a list that a function makes",
          "permissions: { net: () => [] }",
          400,
          "Failed to bundle source: permissions.net: ",
          "list",
        ],
        [
          "tools that are no list",
          'tools: "crypto"',
          400,
          "Failed to bundle source: tools: ",
          "list",
        ],
        ["a tool that is no name", "tools: [1]", 400, "Failed to bundle source: tools[0]: ", ""],
      ] as const,
      4,
    ),
  )("is refused if it is %s", async (_what, fields, status, start, part) => {
    const headers = await served.tenant("refused");
    const answer = await call(headers)("/api/v1/types", source("greedy", fields));
    const code =
      status === 403 ? "PERMISSION_REFUSED" : expect.stringMatching(/INVALID_TYPE|BAD_REQUEST/);
    expect(answer).toEqual({ status, code, error: expect.stringContaining(part) });
    expect(String(answer.error).slice(0, start.length)).toBe(start);
    const listed = await served.app.request("/api/v1/types?after=binary", { headers });
    expect(await listed.json()).toEqual({ types: [] });
  });

  it("is within the ceiling of its tenant, whatever the operator allows", async () => {
    const narrow = await served.tenant("narrow", { ceiling: { net: ["other.example.com:443"] } });
    const answer = await call(narrow)("/api/v1/types", source("asks", GRANTED));
    expect(answer).toMatchObject({
      status: 403,
      code: "PERMISSION_REFUSED",
      error: expect.stringMatching(/^permissions\.net\[0\]: .*the tenant's ceiling/),
    });
    const toolless = await served.tenant("toolless", { tools: [] });
    expect(await call(toolless)("/api/v1/types", source("asks", GRANTED))).toMatchObject({
      status: 403,
      code: "TENANT_LIMIT",
      error: expect.stringMatching(/^tools\[0\]: /),
    });
  });

  it("is refused at an execution once a ceiling is lower than at the upload", async () => {
    const headers = await served.tenant("lowered");
    expect(await call(headers)("/api/v1/types", source("later", GRANTED))).toMatchObject({
      status: 201,
    });
    const locator = await publish(headers, "later");
    const lower = open({ ...settings, ceiling: { sys: ["hostname"] } });
    const refused = { status: 403, code: "PERMISSION_REFUSED" };
    const answer = await call(headers, lower)("/api/v1/resolve", { locator });
    expect(answer).toMatchObject({
      ...refused,
      error: expect.stringMatching(/^permissions\.net\[0\]: /),
    });
    await served.tenant("lowered", { ceiling: { net: ["api.example.com:443"] } });
    expect(await call(headers, open())("/api/v1/resolve", { locator })).toMatchObject({
      ...refused,
      error: expect.stringMatching(/^permissions\.sys\[0\]: .*the tenant's ceiling/),
    });
    await lower.executionWriter.close(5_000);
    const [row] = await store.executions.list("lowered", { limit: 1 });
    expect(row).toMatchObject({ via: "resolve", outcome: "refused", error: "PERMISSION_REFUSED" });
  });
});

describe("the plan of a type", () => {
  it("is that of its permissions and tools, by its name or by a resource's locator", async () => {
    const headers = await served.tenant("planner");
    const ask = call(headers);
    await ask("/api/v1/types", source("planned", `aliases: ["design"], ${GRANTED}`));
    const locator = await publish(headers, "planned");
    for (const body of [{ type: "planned" }, { type: "design" }, { locator }]) {
      expect(await ask("/plan", body)).toMatchObject({
        status: 200,
        level: "container",
        tools: ["crypto"],
        permissions: { net: ["api.example.com:443"], sys: ["hostname"] },
        egress: { allow: ["api.example.com:443"] },
        refusals: [],
      });
    }
    expect(await ask("/plan", { type: "text" })).toMatchObject({ status: 200, egress: null });
    const lower = call(headers, open({ ...settings, ceiling: { net: [] } }));
    expect(await lower("/plan", { locator })).toMatchObject({
      status: 200,
      refusals: [{ field: "permissions.net[0]" }, { field: "permissions.sys[0]" }],
    });
    const stranger = call(await served.tenant("stranger"));
    expect(await stranger("/plan", { type: "planned" })).toMatchObject({ status: 400 });
  });

  it.each([
    ["an unknown type", { type: "rocket" }, 400, "type", "Unsupported resource type: rocket"],
    ["a bad locator", { locator: "x.org/../a.text@1" }, 400, "locator", "Invalid locator"],
    ["an empty locator", { locator: "" }, 400, "locator", "required"],
    [
      "a locator of nothing",
      { locator: "x.org/none.text@1" },
      404,
      "locator",
      "Resource not found",
    ],
    ["neither", {}, 400, "code", "Expected code, type or locator"],
    ["two of them", { type: "text", locator: "x.org/a.text@1" }, 400, "locator", "Expected code"],
    ["more than a type", { type: "text", permissions: {} }, 400, "permissions", "Only with code"],
    ["a type that is no text", { type: 1 }, 400, "type", "string"],
  ])("is refused for %s", async (_what, body, status, field, message) => {
    const ask = call(await served.tenant("planner"));
    const answer = (await ask("/plan", body)) as { status: number; error: object };
    expect(answer.status).toBe(status);
    expect(answer.error).toMatchObject({ field, message: expect.stringContaining(message) });
  });
});

it("a plugin's veto stops a type, and the end of the kernel is waited for", async () => {
  const headers = await served.tenant("vetoed");
  const slow = `export default { name: "slow", description: "",
    resolve: () => new Promise((resolve) => setTimeout(() => resolve("done"), 300)) }`;
  const own = await served.tenant("slow");
  await call(own)("/api/v1/types", { source: slow });
  const locator = await publish(own, "slow");
  expect(await call(headers)("/api/v1/resolve", { locator: "none.org/a.text@1" })).toMatchObject({
    status: 404,
  });
  await call(headers)("/api/v1/types", { source: slow });
  expect(await call(headers)("/api/v1/resolve", { locator })).toEqual({
    status: 403,
    code: "VETOED",
    error: "not today",
  });
  const running = call(own)("/api/v1/resolve", { locator });
  await vi.waitFor(() => expect(engine.status().leased).toBe(1), 10_000);
  const closed = served.kernel.close(5_000);
  expect(await call(own)("/api/v1/resolve", { locator })).toMatchObject({
    status: 503,
    code: "SHUTTING_DOWN",
  });
  expect(await running).toMatchObject({ status: 200, result: "done" });
  await closed;
});
