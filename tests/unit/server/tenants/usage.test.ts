/** Tests the routes by which tenants and the operator see what was used and refused. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { deniedAccesses } from "../../../../server/runs/denied-accesses.ts";
import type { Denial } from "../../../../src/request/types.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";
import { ADMIN_KEY, SECRET_KEY, tenantsApp } from "../../../helpers/tenants.ts";

type Host = Awaited<ReturnType<typeof tenantsApp>>;

let host: Host;
let server: ReturnType<Host["start"]>;
beforeAll(async () => {
  host = await tenantsApp();
  const denied: Denial[] = [
    { kind: "net", value: "api.example.com:443", by: "egress", count: 47 },
    { kind: "env", value: "HOME", by: "worker" },
  ];
  const engine = new RecordingEngine("container", ({ code }) =>
    code.includes("denied") ? { denied } : { result: 1 },
  );
  server = host.start({ adminKey: ADMIN_KEY, secretKey: SECRET_KEY }, [engine]);
}, 60_000);
afterAll(() => host.close());

const code = "export default () => 1";
const today = () => new Date().toISOString().slice(0, 10);

it("a tenant sees its use by day and function, beside its limits, and nobody else's", async () => {
  const budget = { executions: 100 };
  const { ask } = await server.tenant("user", { concurrency: 3, budget, storage: 2_000_000 });
  const other = await server.tenant("other-user");
  await other.ask("POST", "/execute", { code });
  const none = { executions: 0, outcomes: {}, cpu: 0, wall: 0, egressBytes: 0, bytesOut: 0 };
  expect((await ask("GET", "/usage")).body).toMatchObject({ totals: none, groups: [] });
  for (const name of ["f", "g"]) {
    await ask("PUT", `/functions/${name}`, { code });
    await ask("POST", `/functions/${name}/invoke`, {});
  }
  await ask("POST", "/execute", { code });
  await ask("POST", "/execute", { code, permissions: { run: ["sh"] } });
  const { status, body } = await ask("GET", "/usage");
  expect(status).toBe(200);
  expect(body).toMatchObject({
    to: today(),
    by: "day",
    totals: { executions: 4, outcomes: { ok: 3, refused: 1 }, egressBytes: 0 },
    groups: [{ day: today(), executions: 4 }],
    limits: { concurrency: 3, queue: 64, budget },
    storage: { limit: 2_000_000, kinds: { functions: { count: 2 } } },
  });
  expect(Date.parse(body.to) - Date.parse(body.from)).toBe(29 * 86_400_000);
  const byFunction = await ask("GET", "/usage?by=function&limit=2");
  expect(byFunction.body).toMatchObject({
    totals: { executions: 4 },
    groups: [
      { function: null, executions: 2 },
      { function: "f", executions: 1 },
    ],
    next: "f",
  });
  const next = await ask("GET", "/usage?by=function&limit=2&after=f");
  expect(next.body.groups).toMatchObject([{ function: "g" }]);
  expect(next.body).not.toHaveProperty("next");
  expect((await ask("GET", "/usage?from=2020-01-01&to=2020-02-01")).body.totals).toEqual(none);
});

it("the operator sees the use of all, page by page", async () => {
  for (const id of ["page-a", "page-b"]) {
    await (await server.tenant(id)).ask("POST", "/execute", { code });
  }
  const { body: whole } = await server.admin("GET", "/admin/usage");
  const sums = (groups: { executions: number }[]) =>
    groups.reduce((sum, { executions }) => sum + executions, 0);
  expect(sums(whole.groups)).toBe(whole.totals.executions);
  const { body } = await server.admin("GET", "/admin/usage?after=page&limit=1");
  expect(body).toMatchObject({ groups: [{ tenant: "page-a", executions: 1 }], next: "page-a" });
  const days = await server.admin("GET", "/admin/usage?by=day&tenant=page-b");
  expect(days.body).toMatchObject({
    totals: { executions: 1 },
    groups: [{ day: today(), executions: 1 }],
  });
});

it("what was refused is added up, in words too", async () => {
  const { ask } = await server.tenant("refused");
  await ask("PUT", "/functions/f", { code: "export default () => 'denied'" });
  for (const _ of [1, 2]) await ask("POST", "/functions/f/invoke", {});
  const { body } = await ask("GET", "/usage/denials");
  const lastAt = body.denials[0]?.lastAt;
  expect(body.denials).toEqual([
    {
      kind: "net",
      subject: "api.example.com:443",
      function: "f",
      count: 94,
      lastAt: expect.any(String),
      text: `94 × net api.example.com:443, by f, last ${lastAt}`,
    },
    expect.objectContaining({ kind: "env", subject: "HOME", count: 2 }),
  ]);
  expect((await ask("GET", "/usage/denials?limit=1")).body.denials).toHaveLength(1);
});

it("days that cannot be are refused by their field", async () => {
  const { ask } = await server.tenant("wrong");
  for (const [query, field] of [
    ["from=yesterday", "from"],
    ["from=2026-02-30", "from"],
    ["to=0000-01-01", "to"],
    ["from=2026-02-02&to=2026-02-01", "from"],
    ["from=2024-01-01&to=2026-02-01", "from"],
    ["by=week", "by"],
    ["limit=101", "limit"],
    ["after=%00", "after"],
    ["tenant=other", "tenant"],
  ]) {
    const { status, body } = await ask("GET", `/usage?${query}`);
    expect([query, status, body.error]).toMatchObject([query, 400, { field }]);
  }
  const most = await ask("GET", "/usage?from=2025-01-01&to=2026-02-04");
  expect(most.status).toBe(200);
});

it("what code claims to be refused is bounded and cleaned", () => {
  const claim = (value: string, count?: number): Denial => ({
    kind: "env",
    value,
    by: "worker",
    ...(count !== undefined && { count }),
  });
  const many = Array.from({ length: 5_000 }, (_, n) => claim(`N${n}`));
  expect(deniedAccesses([...many, claim("N0", 4)])).toHaveLength(100);
  expect(deniedAccesses([...many, claim("N0", 4)])[0]).toMatchObject({ subject: "N0", count: 5 });
  const odd = ["", "\0\u001b[2J\u202e\ud800\n\u2028", "x".repeat(1_000_000)];
  const subjects = deniedAccesses(odd.map((value) => claim(value))).map(({ subject }) => subject);
  expect(subjects).toEqual(["?", "\ufffd\ufffd[2J\ufffd\ufffd\ufffd\ufffd", "x".repeat(200)]);
  const counts = [Number.NaN, -1, 1e300, 5e9].map((count) => claim("A", count));
  expect(deniedAccesses(counts)).toEqual([{ kind: "env", subject: "A", count: 1_000_000_000 }]);
  expect(deniedAccesses()).toEqual([]);
});
