/** Tests which bindings an execution gets, and where the values of their secrets go. */
import { describe, expect, it } from "vitest";
import { IsolateError } from "../../../../src/base/errors.ts";
import { config } from "../../../../src/config/config.ts";
import { Kernel } from "../../../../src/kernel/kernel.ts";
import type { Tenant } from "../../../../src/request/tenant.ts";
import type { ExecuteRequest } from "../../../../src/request/types.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";

const SECRET = "sk-live-0123456789abcdef";
const SECRETS = new Map([
  ["API_KEY", SECRET],
  ["BROKEN", "a\nb"],
  ["LONG", "x".repeat(4_090)],
]);
const BINDING = { secret: "API_KEY", host: "api.example.com", header: "Authorization" };
const NET = { net: ["api.example.com"] };

type Bindings = NonNullable<ExecuteRequest["bindings"]>;

function host() {
  const engine = new RecordingEngine("container");
  const engines = [engine, new RecordingEngine("isolated"), new RecordingEngine("none")];
  const kernel = new Kernel({
    config: config({ tenants: true, isolatedNet: true }),
    engines,
    secretValues: async (tenant, names) =>
      new Map(
        tenant === "acme" ? names.flatMap((name) => pair(name, SECRETS.get(name))) : undefined,
      ),
  });
  return { kernel, engine };
}

const pair = (name: string, value: string | undefined): [string, string][] =>
  value === undefined ? [] : [[name, value]];

async function refusal(request: Partial<ExecuteRequest>, tenant: Tenant = { id: "acme" }) {
  const { kernel } = host();
  const error: unknown = await kernel
    .execute({ code: "", permissions: NET, ...request }, { tenant })
    .catch((thrown: unknown) => thrown);
  if (!(error instanceof IsolateError)) throw new Error("It was not refused");
  expect(error.message).not.toContain(SECRET);
  return [error.code, "field" in error ? error.field : ""];
}

describe("a request with bindings", () => {
  it("sends values to the proxy alone, with the ports of their schemes", async () => {
    const { kernel, engine } = host();
    const bindings: Bindings = [
      { ...BINDING, format: "Bearer {}", methods: ["GET"], paths: ["/v1/**"] },
      { ...BINDING, scheme: "http", header: "X-Key" },
      { ...BINDING, host: "API.example.com:443", header: "X-Key" },
    ];
    const asked = { code: "", permissions: NET, bindings, explain: true };
    const output = await kernel.execute(asked, { tenant: { id: "acme" } });
    const [job] = engine.jobs;
    const { bindings: bound, ...others } = job?.job.grants ?? {};
    expect(bound).toMatchObject([
      {
        host: "api.example.com:443",
        scheme: "https",
        header: "Authorization",
        format: "Bearer {}",
        secret: SECRET,
        methods: ["GET"],
        paths: ["/v1/**"],
      },
      { host: "api.example.com:80", scheme: "http", header: "X-Key", format: "{}", secret: SECRET },
      { host: "api.example.com:443", scheme: "https", header: "X-Key", secret: SECRET },
    ]);
    expect(output.plan?.bindings?.map(({ secret, host }) => [secret, host])).toEqual([
      ["API_KEY", "api.example.com:443"],
      ["API_KEY", "api.example.com:80"],
      ["API_KEY", "api.example.com:443"],
    ]);
    const plan = await kernel.plan(asked, { tenant: { id: "acme" } });
    expect(plan.bindings).toEqual(output.plan?.bindings);
    const elsewhere = { ...job, job: { ...job?.job, grants: others } };
    expect(JSON.stringify([elsewhere, output, plan])).not.toContain(SECRET);
  });

  it("shares no loaded code with one that has others", async () => {
    const { kernel, engine } = host();
    for (const header of ["A", "A", "B", undefined]) {
      const bindings = header === undefined ? undefined : [{ ...BINDING, header }];
      const asked = {
        code: "",
        permissions: NET,
        reuse: "code" as const,
        ...(bindings && { bindings }),
      };
      await kernel.execute(asked, { tenant: { id: "acme" } });
    }
    const keys = engine.jobs.map(({ options }) => options.reuse?.key);
    expect(new Set(keys).size).toBe(3);
    expect(keys[0]).toBe(keys[1]);
  });

  it.each(["tenant", "code"] as const)(
    "shares no sandbox of reuse %s with other secrets",
    async (reuse) => {
      const { kernel, engine } = host();
      const run = async (changes: Partial<ExecuteRequest>) => {
        const asked = { code: "", permissions: NET, reuse, ...changes };
        await kernel.execute(asked, { tenant: { id: "acme" } });
        return engine.jobs.at(-1)?.options.reuse?.key;
      };
      const bindings = [BINDING];
      const both = [await run({ secrets: ["API_KEY"] }), await run({ bindings })];
      expect([await run({ secrets: ["API_KEY"] }), await run({ bindings })]).toEqual(both);
      const without = await run({});
      expect(new Set([...both, without]).size).toBe(reuse === "code" ? 3 : 2);
      SECRETS.set("API_KEY", `${SECRET}-2`);
      try {
        const newer = [await run({ secrets: ["API_KEY"] }), await run({ bindings })];
        for (const key of newer) expect([...both, without]).not.toContain(key);
      } finally {
        SECRETS.set("API_KEY", SECRET);
      }
      expect(await run({})).toBe(without);
    },
  );

  it.each<[string, object, readonly string[]]>([
    ["an unknown secret", { secret: "NONE" }, ["SECRET_NOT_FOUND", "bindings[0].secret"]],
    ["a value of two lines", { secret: "BROKEN" }, ["BAD_REQUEST", "bindings[0].secret"]],
    [
      "too long a value",
      { secret: "LONG", format: "Bearer {}" },
      ["BAD_REQUEST", "bindings[0].secret"],
    ],
    [
      "a host without a grant",
      { host: "b.example.com" },
      ["PERMISSION_REFUSED", "bindings[0].host"],
    ],
    [
      "a port without a grant",
      { host: "api.example.com:8443" },
      ["PERMISSION_REFUSED", "bindings[0].host"],
    ],
    ["a wildcard", { host: "*.example.com" }, ["BAD_REQUEST", "bindings[0].host"]],
    ["a URL", { host: "https://api.example.com" }, ["BAD_REQUEST", "bindings[0].host"]],
    ["two ports", { host: "api.example.com:1:2" }, ["BAD_REQUEST", "bindings[0].host"]],
    ...[
      "Host",
      "content-length",
      "Transfer_Encoding",
      "Connection",
      "Upgrade",
      "TE",
      "Sec-WebSocket-Key",
      "Proxy-Authorization",
      "X-Forwarded-Host",
      "A B",
      "A: b",
      "",
    ].map((header): [string, object, string[]] => [
      `the header "${header}"`,
      { header },
      ["BAD_REQUEST", "bindings[0].header"],
    ]),
    ["no methods", { methods: [] }, ["BAD_REQUEST", "bindings[0].methods"]],
    ["a method in small letters", { methods: ["get"] }, ["BAD_REQUEST", "bindings[0].methods[0]"]],
    ["TRACE", { methods: ["TRACE"] }, ["BAD_REQUEST", "bindings[0].methods[0]"]],
    ...["v1", "/a/../b", "/a//b", "/a?b", "/**/a", "/%2e", "/a;b", "/a***"].map(
      (path): [string, object, string[]] => [
        `the path ${path}`,
        { paths: [path] },
        ["BAD_REQUEST", "bindings[0].paths[0]"],
      ],
    ),
    ["another scheme", { scheme: "ftp" }, ["BAD_REQUEST", "bindings[0].scheme"]],
    ["no place for the secret", { format: "Bearer" }, ["BAD_REQUEST", "bindings[0].format"]],
    ["two places", { format: "{}{}" }, ["BAD_REQUEST", "bindings[0].format"]],
    ["a line break", { format: "{}\r\nX: y" }, ["BAD_REQUEST", "bindings[0].format"]],
    ["a field of no meaning", { value: "x" }, ["BAD_REQUEST", "bindings[0].value"]],
  ])("is refused for %s", async (_what, changes, expected) => {
    const bindings = [{ ...BINDING, ...changes }];
    expect(await refusal({ bindings })).toEqual(expected);
  });

  it("is refused at its bounds", async () => {
    const many = Array.from({ length: 17 }, (_, at) => ({ ...BINDING, header: `X-${at}` }));
    expect(await refusal({ bindings: many })).toEqual(["BAD_REQUEST", "bindings"]);
    const { kernel } = host();
    const asked = { code: "", permissions: NET, bindings: many.slice(1) };
    expect(await kernel.execute(asked, { tenant: { id: "acme" } })).toMatchObject({ ok: true });
    const twice: Bindings = [BINDING, { ...BINDING, host: "api.example.com:443", scheme: "http" }];
    expect(await refusal({ bindings: twice })).toEqual(["BAD_REQUEST", "bindings[1].scheme"]);
  });

  it("is refused at levels without a proxy, and beyond a ceiling", async () => {
    const bindings = [BINDING];
    for (const sandbox of ["isolated", "none"] as const) {
      const denied = ["PERMISSION_REFUSED", "bindings"];
      expect(await refusal({ bindings, sandbox }, { id: "acme", sandbox: [sandbox] })).toEqual(
        denied,
      );
    }
    const ceiling = { net: ["other.example.com"] };
    expect(await refusal({ bindings }, { id: "acme", ceiling })).toEqual([
      "PERMISSION_REFUSED",
      "permissions.net[0]",
    ]);
    expect(await refusal({ bindings, permissions: {} })).toEqual([
      "PERMISSION_REFUSED",
      "bindings[0].host",
    ]);
  });

  it("gets no secret of another tenant", async () => {
    const denied = ["SECRET_NOT_FOUND", "bindings[0].secret"];
    expect(await refusal({ bindings: [BINDING] }, { id: "other" })).toEqual(denied);
  });
});

it("functions of a caller are asked nothing that has the value of a secret", async () => {
  const heard: string[] = [];
  const calls = { connect: () => {}, receive: ({ text }: { text: string }) => heard.push(text) };
  const engine = new RecordingEngine("container", async (_job, options) => {
    for (const text of [`{"a":"${SECRET}"}`, `"${SECRET}`, '{"a":1}'])
      options.calls?.receive({ number: 1, name: "f", text });
    return {};
  });
  const secretValues = async () => new Map([["API_KEY", SECRET]]);
  const kernel = new Kernel({ config: config({ tenants: true }), engines: [engine], secretValues });
  const request = { code: "", secrets: ["API_KEY"], functions: { f: {} } };
  await kernel.execute(request, { tenant: { id: "acme" }, calls });
  expect(heard.length).toBe(3);
  expect(heard.join()).not.toContain(SECRET);
  expect(heard.at(-1)).toBe('{"a":1}');
});
