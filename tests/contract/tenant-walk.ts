/** Tests a tenant's whole life, from its first key to its last, through the typed client. */
import { request as httpRequest } from "node:http";
import { Webhook } from "standardwebhooks";
import { expect } from "vitest";
import type { Client, ExecutionEvent } from "../../src/client/client.ts";
import type { BoundSite } from "../helpers/bound-site.ts";
import type { Receiver } from "../helpers/receiver.ts";
import { until } from "./engine-contract.ts";

export interface WalkOptions {
  readonly url: string;
  readonly admin: Client;
  readonly clientOf: (key: string) => Client;
  readonly receiver: Receiver;
  /** Site that takes `Bearer` and the secret of `BOUND`, by the proxy alone. */
  readonly site: BoundSite;
}

const ADD = "export default ({ a, b }) => a + b";
/** Private destination that the operator has opened. The same address on port 80 is refused. */
export const OPENED = "10.0.0.1:443";
/** Host of a binding, and the secret that it takes. */
export const BOUND = { host: "api.example.com", secret: "sk-walk-0123456789" };
/** Code for two granted hosts, one of which is at that address. */
const EVENTFUL = `export default async (host) => {
  console.log("first");
  channel.emit("news", { n: 1 });
  await fetch("http://10.0.0.1");
  return (await fetch("http://" + host)).text();
}`;
const SITE = `export default (request) => new Response(new ReadableStream({
  async start(out) {
    const bytes = (text) => new TextEncoder().encode(text);
    out.enqueue(bytes(request.method));
    await new Promise((resolve) => setTimeout(resolve, 300));
    out.enqueue(bytes(new URL(request.url).pathname));
    out.close();
  },
}), { status: 203, headers: { "content-type": "text/x-walk" } })`;

const ENDLESS = `export default async () => {
  console.log("begun");
  await new Promise((resolve) => setTimeout(resolve, 100_000));
}`;

/** Runs all steps. The tenant is called `walker`, and is deleted at the end. */
export async function tenantWalk({
  url,
  admin,
  clientOf,
  receiver,
  site,
}: WalkOptions): Promise<void> {
  await admin.admin.putTenant("walker", { concurrency: 4, env: { WHO: "walker" } });
  const { id: keyId, key } = await admin.admin.createKey("walker", "of the walk");
  const client = clientOf(key);
  const timeout = 20_000;
  /** Ways of execution by execution id. */
  const ways = new Map<string, string>();

  const code = `${ADD} + Deno.env.get("WHO")`;
  const permissions = { env: ["WHO"] };
  const answer = await client.execute({ code, input: { a: 1, b: 2 }, permissions, timeout });
  expect(answer).toMatchObject({ ok: true, outcome: "ok", result: "3walker" });
  expect(answer.usage).toMatchObject({ wall: expect.any(Number), egressBytes: 0 });
  expect(answer.usage.bytesOut).toBeGreaterThan(0);
  ways.set(answer.id, "execute");

  const { host } = receiver;
  const events: ExecutionEvent[] = [];
  const reaching = { permissions: { net: [host, "10.0.0.1"] }, input: host, timeout };
  const eventful = { code: EVENTFUL, tools: ["channel"], ...reaching };
  for await (const event of client.stream(eventful)) events.push(event);
  expect(events).toMatchObject([
    { type: "log", data: { message: "first" } },
    { type: "channel", data: { topic: "news", data: { n: 1 } } },
    { type: "denied", data: { kind: "net", value: "10.0.0.1:80", by: "egress" } },
    { type: "result", data: { ok: true, result: "received" } },
  ]);
  const last = events.at(-1);
  if (last?.type === "result") {
    ways.set(last.data.id, "stream");
    expect(last.data.usage.egressBytes).toBeGreaterThan(0);
  }
  receiver.received.length = 0;

  const request = { code: ADD, input: { a: 3, b: 4 }, timeout };
  const callback = `http://${host}/hook`;
  const accepted = await client.submit(request, { callback });
  const job = await client.jobs.wait<number>(accepted.id);
  expect(job).toMatchObject({ status: "done", attempts: 1, answer: { ok: true, result: 7 } });
  await until(() => receiver.received.length === 1);
  const [called] = receiver.received.splice(0);
  const webhook = new Webhook(await client.callbackSecret());
  const headers = called?.headers as Record<string, string>;
  expect(webhook.verify(called?.body ?? "", headers)).toMatchObject({
    data: { id: job.id, status: 200, answer: { result: 7 } },
  });
  ways.set(job.id, "async");

  const batch = await client.batch([request, { code: ADD, permissions: { run: ["sh"] } }, request]);
  expect(batch).toMatchObject([
    { result: 7 },
    { error: { code: "PERMISSION_REFUSED", field: "permissions.run[0]" } },
    { result: 7 },
  ]);
  for (const each of batch) if ("id" in each) ways.set(each.id, "batch");

  const once = { idempotencyKey: "the-walks-own" };
  const first = await client.execute(request, once);
  expect(await client.execute(request, once)).toEqual(first);
  const other = client.execute({ ...request, input: { a: 0, b: 0 } }, once);
  await expect(other).rejects.toMatchObject({ status: 422, code: "IDEMPOTENCY_MISMATCH" });
  ways.set(first.id, "execute");

  const { functions } = client;
  await functions.deploy("add", { code: ADD, timeout });
  const files = {
    "main.ts": 'import { add } from "./lib/add.ts"; export default add;',
    "lib/add.ts": 'export const add = ({ a, b }: Record<string, number>) => a + " and " + b;',
  };
  expect(await functions.deploy("add", { files, timeout })).toMatchObject({ version: 2 });
  for (const [version, result] of [
    [2, "3 and 4"],
    [1, 7],
  ]) {
    const invoked = await functions.invoke("add", { input: request.input });
    expect(invoked).toMatchObject({ ok: true, result });
    ways.set(invoked.id, "invoke");
    const { current } = await functions.rollback("add", 1);
    expect([current, (await client.execution(invoked.id)).version]).toEqual([1, version]);
  }
  const told: ExecutionEvent[] = [];
  for await (const event of functions.stream("add", { input: { a: 5, b: 5 } })) told.push(event);
  expect(told).toMatchObject([{ type: "result", data: { result: 10 } }]);
  if (told[0]?.type === "result") ways.set(told[0].data.id, "invoke");

  await functions.deploy("site", { code: SITE, kind: "http", timeout });
  const authorization = `Bearer ${key}`;
  const asked = await fetch(`${url}/f/walker/site/a/b?c`, { headers: { authorization } });
  expect([asked.status, asked.headers.get("content-type")]).toEqual([203, "text/x-walk"]);
  const parts: string[] = [];
  const text = asked.body?.pipeThrough(new TextDecoderStream() as never) ?? [];
  for await (const part of text as AsyncIterable<string>) parts.push(part);
  expect(parts).toEqual(["GET", "/a/b"]);
  ways.set(asked.headers.get("x-execution-id") ?? "", "http");
  expect((await fetch(`${url}/f/walker/site`)).status).toBe(401);

  const { executions } = await client.executions();
  const refused = executions.filter(({ outcome }) => outcome === "refused");
  expect(refused).toMatchObject([{ via: "batch", error: "PERMISSION_REFUSED" }]);
  const ran = executions.filter(({ outcome }) => outcome !== "refused");
  expect(new Map(ran.map(({ id, via }) => [id, via]))).toEqual(ways);
  expect(ran.filter(({ outcome, level }) => outcome !== "ok" || level !== "container")).toEqual([]);
  expect((await client.executions({ function: "site" })).executions).toHaveLength(1);
  expect((await client.tenant()).used.executions).toBe(ways.size);

  await ownKeysAndUse({ client, clientOf, admin, executions: executions.length });
  await admin.admin.revokeKey("walker", keyId);
  await expect(client.execute(request)).rejects.toMatchObject({ status: 401 });
  const { key: next } = await admin.admin.createKey("walker");
  expect((await clientOf(next).executions()).executions.slice(1)).toEqual(executions);

  const suspended = { status: 403, code: "TENANT_SUSPENDED" };
  const untilSuspended = async () => {
    for await (const event of clientOf(next).stream({ code: ENDLESS, timeout: 120_000 })) {
      expect(event.type).toBe("log");
      await admin.admin.suspendTenant("walker", "the walk's own");
    }
  };
  await expect(untilSuspended()).rejects.toMatchObject({ code: suspended.code });
  await expect(clientOf(next).execute(request)).rejects.toMatchObject(suspended);
  const ended = await admin.admin.executions({ tenant: "walker", outcome: "aborted" });
  expect(ended.executions).toMatchObject([{ via: "stream", level: "container" }]);
  await admin.admin.resumeTenant("walker");
  expect(await clientOf(next).execute(request)).toMatchObject({ result: 7 });

  await boundAndNamed({ url, admin, site, client: clientOf(next) });
  await admin.admin.deleteTenant("walker");
  const changes = await admin.admin.audit({ tenant: "walker" });
  expect(changes.entries.map(({ action }) => action)).toEqual(
    [
      "tenant.delete",
      "host.verify",
      "host.put",
      "secret.put",
      "tenant.resume",
      "tenant.suspend",
      "key.create",
      "key.revoke",
    ].concat(
      // The tenant's own, before the operator revoked its key.
      ["key.revoke", "key.create"],
      ["key.create", "tenant.create"],
    ),
  );
  await expect(clientOf(next).tenant()).rejects.toMatchObject({ status: 401 });
}

/** Looks at what the tenant has used and was refused, and calls a function with a narrow key. */
async function ownKeysAndUse({
  client,
  clientOf,
  admin,
  executions,
}: Pick<WalkOptions, "clientOf" | "admin"> & { client: Client; executions: number }) {
  const { totals, groups, limits, storage } = await client.usage({ by: "function" });
  expect(totals).toMatchObject({ executions, outcomes: { refused: 1, ok: executions - 1 } });
  expect(totals.egressBytes).toBeGreaterThan(0);
  expect(totals.cpu).toBeGreaterThan(0);
  expect(groups.map((group) => group.function)).toEqual([null, "add", "site"]);
  expect([limits.concurrency, storage.bytes > 0]).toEqual([4, true]);
  const days = await client.usage();
  expect(days.groups.reduce((sum, group) => sum + group.executions, 0)).toBe(executions);
  const { denials } = await client.denials();
  const refused = { kind: "net", subject: "10.0.0.1:80", function: null, count: 1 };
  expect(denials).toContainEqual(expect.objectContaining(refused));
  expect(denials.map(({ text }) => text).join("\n")).toContain("1 × net 10.0.0.1:80, last 20");
  const all = await admin.admin.usage({ tenant: "walker" });
  expect(all.groups).toEqual([{ tenant: "walker", ...totals }]);

  const made = await client.keys.create({ scopes: ["invoke:add"], label: "narrow" });
  const narrow = clientOf(made.key);
  expect(await narrow.functions.invoke("add", { input: { a: 1, b: 2 } })).toMatchObject({
    result: 3,
  });
  const refusals = [
    () => narrow.tenant(),
    () => narrow.functions.invoke("site"),
    () => narrow.keys.list(),
  ];
  for (const refusal of refusals) {
    await expect(refusal()).rejects.toMatchObject({ status: 403, code: "WRONG_SCOPE" });
  }
  const listed = (await client.keys.list()).find(({ id }) => id === made.id);
  expect(listed).toMatchObject({ label: "narrow", lastUsedAt: expect.any(String) });
  await client.keys.revoke(made.id);
  await expect(narrow.functions.invoke("add")).rejects.toMatchObject({ status: 401 });
}

/** Calls a function by its tenant's own name. It has a secret, and asks a host that gets it from the proxy. */
async function boundAndNamed({
  url,
  admin,
  client,
  site,
}: Pick<WalkOptions, "url" | "admin" | "site"> & { client: Client }): Promise<void> {
  const host = `${BOUND.host}:${site.port}`;
  await client.secrets.put("TOKEN", BOUND.secret);
  await client.functions.deploy("bound", {
    code: `export default async () => {
      const { status } = await fetch("https://${host}/");
      return new Response([status, process.env.TOKEN.length, process.env.TOKEN].join(), {
        headers: { "content-type": "text/plain" },
      });
    }`,
    ...{ kind: "http", public: true, timeout: 20_000, secrets: ["TOKEN"] },
    permissions: { net: [host] },
    bindings: [{ secret: "TOKEN", host, header: "Authorization", format: "Bearer {}" }],
  });
  const name = "walker.example.org";
  const call = () =>
    new Promise<string>((resolve, reject) => {
      const sent = httpRequest(url, { headers: { Host: name } }, async (response) => {
        let text = `${response.statusCode} `;
        for await (const chunk of response.setEncoding("utf8")) text += chunk;
        resolve(text);
      });
      sent.on("error", reject).end();
    });
  expect(await client.hosts.put(name, { function: "bound" })).toMatchObject({ verified: false });
  expect(await call()).not.toMatch(/^200/);
  await admin.admin.verifyHost(name, "walker");
  expect(await call()).toBe(`200 200,${BOUND.secret.length},***`);
}
