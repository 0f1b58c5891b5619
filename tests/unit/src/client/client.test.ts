/** Tests the typed client against the application itself. Each test sets what code does. */
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type Client, createClient, type ExecutionEvent } from "../../../../src/client/client.ts";
import { ADMIN_KEY, ControlPlane } from "../../../helpers/control-plane.ts";

const code = "export default () => 1";

let plane: ControlPlane;
let server: ReturnType<ControlPlane["serve"]>;
let admin: Client;
let client: Client;

beforeAll(async () => {
  plane = await ControlPlane.open();
  server = plane.serve();
  server.services.worker.start();
  admin = clientWith(ADMIN_KEY);
  const { id } = await admin.admin.putTenant("acme", { concurrency: 4 });
  const { key } = await admin.admin.createKey(id, "ci");
  client = clientWith(key);
}, 60_000);
afterAll(() => plane.close(), 60_000);
beforeEach(() => {
  plane.behave = async (job) => ({ result: JSON.parse(job.input ?? "1") });
});

function clientWith(key: string): Client {
  const ask: typeof fetch = async (input, init) => server.app.request(new Request(input, init));
  return createClient({ url: "http://localhost/", key, fetch: ask });
}

it("executes, and finds the execution again", async () => {
  const answer = await client.execute<number>({ code, input: 42 });
  expect(answer).toMatchObject({ ok: true, outcome: "ok", result: 42 });
  expect(await client.execution(answer.id)).toMatchObject({ id: answer.id, via: "execute" });
  const { executions } = await client.executions({ outcome: "ok", limit: 1 });
  expect(executions.map(({ id }) => id)).toEqual([answer.id]);
});

it("plans", async () => {
  const plan = await client.plan({ code, permissions: { net: ["example.com:443"] } });
  expect(plan.egress).toEqual({ allow: ["example.com:443"] });
});

it("rejects with what the server says", async () => {
  const refused = client.execute({ code, timeout: -1 });
  await expect(refused).rejects.toMatchObject({
    name: "IsolateClientError",
    status: 400,
    code: "BAD_REQUEST",
    field: "timeout",
    requestId: expect.stringMatching(/^[\da-f-]{36}$/),
  });
  await expect(clientWith("isolate_0_no").execute({ code })).rejects.toMatchObject({ status: 401 });
});

it("rejects with the status of whatever else has answered", async () => {
  const proxy = createClient({
    url: "http://localhost",
    fetch: async () => new Response("<html>", { status: 502, headers: { "Retry-After": "3" } }),
  });
  await expect(proxy.execute({ code })).rejects.toMatchObject({
    status: 502,
    code: "UNKNOWN",
    retryAfter: 3,
  });
});

it("streams events up to the result", async () => {
  plane.behave = async (_job, { observer }) => {
    observer?.onLog?.({ level: "log", message: "hello", timestamp: 1 });
    return { result: 5 };
  };
  const events: ExecutionEvent[] = [];
  for await (const event of client.stream({ code })) events.push(event);
  expect(events).toMatchObject([
    { type: "log", data: { message: "hello" } },
    { type: "result", data: { ok: true, result: 5 } },
  ]);
});

it("ends an execution by leaving its stream", async () => {
  let ended = false;
  plane.behave = (_job, { observer, signal }) => {
    observer?.onLog?.({ level: "log", message: "hello", timestamp: 1 });
    return new Promise((_resolve, reject) => {
      signal?.addEventListener("abort", () => {
        ended = true;
        reject(signal.reason);
      });
    });
  };
  for await (const _event of client.stream({ code })) break;
  await expect.poll(() => ended).toBe(true);
});

it("reads what was logged, page by page, and follows what is logged from now on", async () => {
  const say = (message: string) => {
    plane.behave = async (_job, { observer }) => {
      const entry = { level: "log" as const, message, timestamp: 1 };
      observer?.onLog?.(entry);
      return { logs: [entry] };
    };
  };
  await client.functions.deploy("talks", { code });
  const ids: string[] = [];
  for (const word of ["one", "two", "three"]) {
    say(word);
    ids.unshift((await client.functions.invoke("talks")).id);
  }
  expect(await client.executionLogs(ids[0] ?? "")).toMatchObject({ logs: [{ message: "three" }] });
  const all: string[] = [];
  for await (const { executionId } of client.functions.logs("talks", { limit: 1 })) {
    all.push(executionId);
  }
  expect(all).toEqual(ids);
  const followed = client.functions.logs("talks", { follow: true });
  const next = followed.next();
  await expect.poll(() => invokeUntil(next)).toBe(true);
  expect((await next).value).toMatchObject({ version: 1, logs: [{ message: "three" }] });
  // Leaving ends it, so that another can follow.
  await followed.return();
  await expect(client.functions.logs("none", { follow: true }).next()).rejects.toMatchObject({
    code: "FUNCTION_NOT_FOUND",
  });
});

/** Calls the function that is followed. Returns whether the follower has been told of a call. */
async function invokeUntil(next: Promise<unknown>): Promise<boolean> {
  await client.functions.invoke("talks");
  const waits = new Promise((resolve) => setTimeout(() => resolve(undefined), 20));
  return (await Promise.race([next, waits])) !== undefined;
}

it("submits, and waits for the answer", async () => {
  const { id, status } = await client.submit({ code, input: 7 });
  expect(status).toBe("queued");
  const job = await client.jobs.wait<number>(id);
  expect(job).toMatchObject({ status: "done", attempts: 1, answer: { ok: true, result: 7 } });
  await expect(client.jobs.cancel(id)).rejects.toMatchObject({ code: "JOB_OVER" });
});

it("runs a batch", async () => {
  const results = await client.batch([
    { code, input: 1 },
    { code, permissions: { run: ["sh"] } },
  ]);
  expect(results).toMatchObject([
    { ok: true, result: 1 },
    { error: { code: "PERMISSION_REFUSED" } },
  ]);
});

it("runs a request once for a key", async () => {
  let runs = 0;
  plane.behave = async () => ({ result: ++runs });
  const options = { idempotencyKey: "order-1" };
  const first = await client.execute({ code }, options);
  expect(await client.execute({ code }, options)).toEqual(first);
  expect(runs).toBe(1);
});

it("administers tenants and keys", async () => {
  await admin.admin.putTenant("short-lived", { memory: 256 }, { isNew: true });
  const patched = await admin.admin.patchTenant("short-lived", { memory: null, timeout: 9 });
  expect(patched).toMatchObject({ timeout: 9 });
  expect(patched).not.toHaveProperty("memory");
  const failed = { status: 412, code: "PRECONDITION_FAILED" };
  const stale = admin.admin.patchTenant("short-lived", {}, { ifMatch: '"1-x"' });
  await expect(stale).rejects.toMatchObject(failed);
  const suspended = await admin.admin.suspendTenant("short-lived", "why");
  expect(suspended.suspended).toMatchObject({ reason: "why" });
  expect(await admin.admin.resumeTenant("short-lived")).not.toHaveProperty("suspended");
  expect((await admin.admin.tenant("short-lived")).used?.executions).toBe(0);
  const { entries } = await admin.admin.audit({ tenant: "short-lived", limit: 1 });
  expect(entries).toMatchObject([{ actor: "admin", action: "tenant.resume" }]);
  expect(await admin.admin.executions({ tenant: "short-lived" })).toEqual({ executions: [] });
  expect(await admin.admin.jobs({ tenant: "short-lived" })).toEqual({ jobs: [] });
  const { key } = await admin.admin.createKey("short-lived");
  const [shown] = await admin.admin.keys("short-lived");
  expect(key.startsWith(shown?.prefix ?? "?")).toBe(true);
  expect((await admin.admin.tenants()).tenants.map(({ id }) => id)).toContain("short-lived");
  expect(await admin.admin.nodes()).toMatchObject([{ alive: true, draining: false }]);
  await admin.admin.revokeKey("short-lived", shown?.id ?? "");
  await expect(clientWith(key).execute({ code })).rejects.toMatchObject({ status: 401 });
  await admin.admin.deleteTenant("short-lived");
  await expect(admin.admin.tenant("short-lived")).rejects.toMatchObject({ status: 404 });
});
