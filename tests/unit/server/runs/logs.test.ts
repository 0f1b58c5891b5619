/** Tests kept log entries over HTTP: who reads them, what is kept, and following them. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Retention } from "../../../../server/runs/retention.ts";
import { Aborted } from "../../../../src/base/errors.ts";
import type { ExecuteOptions } from "../../../../src/engines/contract/contract.ts";
import type { LogEntry } from "../../../../src/request/types.ts";
import { until } from "../../../contract/engine-contract.ts";
import { ControlPlane, type Json } from "../../../helpers/control-plane.ts";
import { NASTY } from "../../../helpers/store-rows.ts";

const DAY = 86_400_000;
const code = "export default () => 1";

const entry = (message: string, level: LogEntry["level"] = "log"): LogEntry =>
  ({ level, message, timestamp: 7, stream: "stdout" }) as LogEntry;

let plane: ControlPlane;
let server: ReturnType<ControlPlane["serve"]>;

/** Entries that the next executions write, each told as it is written. */
let said: LogEntry[] = [];
/** Resolves before an execution ends. */
let held: Promise<void> = Promise.resolve();

const run = async ({ observer }: ExecuteOptions) => {
  const logs = said;
  for (const each of logs) observer?.onLog?.(each);
  await held;
  return { result: 1, logs };
};

beforeAll(async () => {
  plane = await ControlPlane.open();
  plane.behave = (_job, options) => run(options);
  server = plane.serve();
}, 120_000);

afterEach(() => {
  held = Promise.resolve();
  plane.behave = (_job, options) => run(options);
});

afterAll(() => plane.close(), 60_000);

type Member = Awaited<ReturnType<typeof server.tenant>>;

async function executed({ post }: Member, ...entries: LogEntry[]): Promise<string> {
  said = entries;
  return (await (await post("/execute", { code })).json()).id;
}

async function invoked({ post }: Member, ...entries: LogEntry[]): Promise<string> {
  said = entries;
  return (await (await post("/functions/f/invoke", {})).json()).id;
}

/** Makes a promise and what resolves it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Follows a function's logs. `events` grows as they are read, unless it is `lazy`. */
async function follow(member: Member, query = "", lazy = false, app = server.app) {
  const client = new AbortController();
  const headers = { authorization: member.authorization, accept: "text/event-stream" };
  const url = `http://host/functions/f/logs?${query}`;
  const response = await app.request(new Request(url, { headers, signal: client.signal }));
  const events: { event: string; data: Json }[] = [];
  const reader = response.body?.getReader();
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const parts = text.split("\n\n");
      text = parts.pop() ?? "";
      for (const part of parts) {
        const [, event = "", data = "null"] = /^event: (.*)\ndata: (.*)$/.exec(part) ?? [];
        if (event !== "") events.push({ event, data: JSON.parse(data) });
      }
    }
  };
  const over = lazy ? undefined : read().catch(() => {});
  return { response, events, read, over, reader, hangUp: () => client.abort() };
}

it("tells of a job that is queued, and of one that another server runs", async () => {
  const { opened, open } = gate();
  held = opened;
  said = [entry("elsewhere")];
  const other = plane.serve();
  const { post, authorization } = await server.tenant("jobs-elsewhere");
  const later = await post("/execute", { code }, { prefer: "respond-async" });
  const { id } = (await later.json()) as { id: string };
  const logsAt = async ({ app }: typeof server) =>
    (await app.request(`/executions/${id}/logs`, { headers: { authorization } })).json() as Json;
  const error = { code: "EXECUTION_NOT_FOUND" };
  const queued = { ...error, message: "The execution has not begun: its job is queued" };
  expect(await logsAt(server)).toMatchObject({ error: queued });
  other.services.worker.start();
  await until(async () => (await logsAt(other)).running === true);
  const running = { ...error, message: expect.stringContaining("another server may run it") };
  expect(await logsAt(server)).toMatchObject({ error: running });
  open();
  await until(async () => (await logsAt(server)).running === false);
  expect((await logsAt(server)).logs).toMatchObject([{ message: "elsewhere" }]);
  await other.services.worker.close();
});

describe("the entries of an execution", () => {
  it("are kept as they are in the answer, and read by its own tenant", async () => {
    const [acme, rival] = [await server.tenant("acme"), await server.tenant("rival")];
    const id = await executed(acme, entry(NASTY), entry("why", "exception"));
    expect(await acme.get(`/executions/${id}/logs`)).toEqual({
      id,
      running: false,
      logs: [entry(NASTY), entry("why", "exception")],
    });
    const others = await rival.send(`/executions/${id}/logs`);
    expect([others.status, (await others.json()).error.code]).toEqual([404, "EXECUTION_NOT_FOUND"]);
    const silent = await executed(acme);
    expect(await acme.get(`/executions/${silent}/logs`)).toMatchObject({ logs: [] });
    expect((await acme.send("/executions/nothing/logs")).status).toBe(404);
    expect((await acme.get("/tenant")).used.storage.kinds.logs).toMatchObject({ count: 1 });
  });

  it("are bounded, and their exception is there all the same", async () => {
    const acme = await server.tenant("long");
    const megabyte = Array.from({ length: 1_000 }, () => entry("x".repeat(1_048)));
    const id = await executed(acme, ...megabyte, entry("why", "exception"));
    const { logs, logsDropped } = await acme.get(`/executions/${id}/logs`);
    expect(JSON.stringify(logs).length).toBeLessThanOrEqual(65_536);
    expect(logs.at(-1)).toEqual(entry("why", "exception"));
    expect(logs.length + logsDropped).toBe(1_001);
  });

  it("are those so far while it runs, and what was written when it is aborted", async () => {
    const acme = await server.tenant("running");
    const { opened, open } = gate();
    held = opened;
    said = [entry("begun")];
    const client = new AbortController();
    const before = server.engine.jobs.length;
    plane.behave = async (_job, options) => {
      const ended = run(options);
      await Promise.race([
        ended,
        new Promise((_, reject) => {
          options.signal?.addEventListener("abort", () => reject(new Aborted()));
        }),
      ]);
      return ended;
    };
    const accepted = await acme.post("/execute", { code }, { prefer: "respond-async" });
    const { id } = await accepted.json();
    server.services.worker.start();
    await until(() => server.engine.jobs.length > before);
    const running = await acme.get(`/executions/${id}/logs`);
    expect(running).toEqual({ id, running: true, logs: [entry("begun")] });
    expect(
      (await server.tenant("peeper").then(({ send }) => send(`/executions/${id}/logs`))).status,
    ).toBe(404);
    open();
    await until(async () => (await acme.get(`/jobs/${id}`)).status === "done");
    await server.services.worker.close();
    expect(await acme.get(`/executions/${id}/logs`)).toEqual({ ...running, running: false });
    held = new Promise(() => {});
    said = [entry("hung up")];
    void acme.post("/execute", { code }, {}, client.signal);
    await until(() => server.engine.jobs.length > before + 1);
    client.abort();
    held = Promise.resolve();
    const last = async () => (await acme.get("/executions?outcome=aborted")).executions[0];
    await until(async () => (await last()) !== undefined);
    const { logs } = await acme.get(`/executions/${(await last()).id}/logs`);
    expect(logs).toEqual([entry("hung up")]);
  });

  it("are those of batches, of repetitions, and none where they are not to be kept", async () => {
    const acme = await server.tenant("ways");
    said = [entry("batch")];
    const batch = await acme.post("/execute/batch", { requests: [{ code }, { code }] });
    for (const { id } of (await batch.json()).results) {
      expect((await acme.get(`/executions/${id}/logs`)).logs).toEqual([entry("batch")]);
    }
    const ids = [];
    for (const text of ["first", "second"]) {
      said = [entry(text)];
      const answer = await acme.post("/execute", { code }, { "idempotency-key": "k" });
      ids.push((await answer.json()).id);
    }
    expect(ids[0]).toBe(ids[1]);
    expect((await acme.get(`/executions/${ids[0]}/logs`)).logs).toEqual([entry("first")]);
    const secret = await server.tenant("discreet", { keepLogs: false });
    const id = await executed(secret, entry("secret"));
    expect((await secret.get(`/executions/${id}/logs`)).logs).toEqual([]);
    expect((await secret.get("/tenant")).keepLogs).toBe(false);
    const off = plane.serve({ logs: { keep: false } });
    const answer = await off.tenant("ways").then((member) => executed(member, entry("off")));
    await off.services.executionWriter.flush();
    expect((await acme.get(`/executions/${answer}/logs`)).logs).toEqual([]);
    expect((await plane.store.storage.used("ways")).kinds.logs.count).toBe(3);
  });

  it("go with their execution, and give way to newer ones beyond the tenant's bound", async () => {
    const acme = await server.tenant("full", { logStorage: 1_048_576, retention: 1 });
    const text = "x".repeat(60_000);
    const ids = [];
    for (let n = 0; n < 25; n += 1) ids.push(await executed(acme, entry(text)));
    const logsOf = async (id = "") => (await acme.get(`/executions/${id}/logs`)).logs.length;
    expect([await logsOf(ids[0]), await logsOf(ids.at(-1))]).toEqual([0, 1]);
    const { used, logStorage } = await acme.get("/tenant");
    expect(logStorage).toBe(1_048_576);
    expect(used.storage.kinds.logs.bytes).toBeLessThanOrEqual(1_048_576);
    expect(used.storage.kinds.executions.count).toBe(25);
    const old = { ...((await plane.store.executions.get("full", ids.at(-1) ?? "")) as object) };
    const id = "00000000-0000-7000-8000-00000000000f";
    const logs = { entries: "[]", count: 0, dropped: 1, level: -1, most: 1e9, server: "s" };
    const startedAt = new Date(Date.now() - 2 * DAY);
    await plane.store.executions.record([
      { ...(old as never as object), id, startedAt, logs } as never,
    ]);
    expect(await acme.get(`/executions/${id}/logs`)).toMatchObject({ logs: [], logsDropped: 1 });
    await new Retention({ store: plane.store, days: 30, onError: () => {} }).prune();
    expect((await acme.send(`/executions/${id}/logs`)).status).toBe(404);
    expect(await plane.store.logs.get("full", id)).toBeUndefined();
  });
});

describe("the logs of a function", () => {
  it("are those of its executions, the newest first, by level, version and time", async () => {
    const acme = await server.tenant("listed");
    await acme.put("/functions/f", { code });
    const one = await invoked(acme, entry("one"), entry("why", "exception"));
    await acme.put("/functions/f", { code: `${code};` });
    const two = await invoked(acme, entry("two", "warn"));
    await executed(acme, entry("of no function"));
    const get = async (query = "") => (await acme.get(`/functions/f/logs?${query}`)) as Json;
    const startedAt = expect.any(String);
    const first = {
      executionId: one,
      version: 1,
      startedAt,
      logs: [entry("one"), entry("why", "exception")],
    };
    const second = { executionId: two, version: 2, startedAt, logs: [entry("two", "warn")] };
    expect(await get()).toEqual({ executions: [second, first] });
    expect(await get("version=1")).toEqual({ executions: [first] });
    const [fault] = (await get("level=error")).executions;
    expect(fault).toEqual({ ...first, logs: [entry("why", "exception")] });
    expect((await get("level=warn")).executions).toHaveLength(2);
    expect(await get("limit=1")).toEqual({ executions: [second], next: two });
    expect(await get(`limit=1&cursor=${two}`)).toEqual({ executions: [first], next: one });
    expect(await get(`cursor=${one}`)).toEqual({ executions: [] });
    const since = encodeURIComponent((await get()).executions[0].startedAt);
    expect((await get(`since=${since}`)).executions[0]).toEqual(second);
    for (const bad of ["level=x", "limit=0", "limit=201", "version=0", "follow=1", "cursor=x"]) {
      expect((await acme.send(`/functions/f/logs?${bad}`)).status).toBe(400);
    }
    expect((await acme.send("/functions/none/logs")).status).toBe(404);
    expect((await acme.send("/functions/none/logs?follow=true")).status).toBe(404);
  });
});

describe("following a function's logs", () => {
  it("tells the entries of its executions as they are written, until the client hangs up", async () => {
    const [acme, rival] = [await server.tenant("followed"), await server.tenant("nosy")];
    for (const each of [acme, rival]) await each.put("/functions/f", { code });
    const before = await invoked(acme, entry("before"));
    const followed = await follow(acme);
    expect(followed.response.headers.get("content-type")).toBe("text/event-stream");
    const [warnings, theirs] = [await follow(acme, "level=warn&follow=true"), await follow(rival)];
    const { opened, open } = gate();
    held = opened;
    const running = invoked(acme, entry("one"));
    await until(() => followed.events.length === 1);
    open();
    const one = await running;
    const two = await invoked(acme, entry("two", "warn"));
    await until(() => followed.events.length === 2);
    const told = (id: string, each: LogEntry) => ({
      event: "logs",
      data: { executionId: id, version: 1, startedAt: expect.any(String), logs: [each] },
    });
    const last = told(two, entry("two", "warn"));
    expect(followed.events).toEqual([told(one, entry("one")), last]);
    expect(JSON.stringify(followed.events)).not.toContain(before);
    await until(() => warnings.events.length > 0);
    expect(warnings.events).toEqual([last]);
    expect(theirs.events).toEqual([]);
    followed.hangUp();
    await invoked(acme, entry("three", "warn"));
    await until(() => warnings.events.length === 2);
    expect(followed.events).toHaveLength(2);
    // Reading on without the signal ends as well.
    await theirs.reader?.cancel();
    warnings.hangUp();
  });

  it("waits a megabyte for a client that does not read, and says how much it left out", async () => {
    const acme = await server.tenant("lazy");
    await acme.put("/functions/f", { code });
    const followed = await follow(acme, "", true);
    const text = "x".repeat(60_000);
    for (let n = 0; n < 5; n += 1) {
      await invoked(acme, ...Array.from({ length: 8 }, () => entry(text)));
    }
    const over = followed.read();
    await until(() => followed.events.some(({ event }) => event === "dropped"));
    const logs = followed.events.filter(({ event }) => event === "logs").length;
    const dropped = followed.events.find(({ event }) => event === "dropped");
    expect(logs * text.length).toBeLessThan(1_200_000);
    expect(logs + dropped?.data.events).toBe(40);
    followed.hangUp();
    await followed.reader?.cancel();
    await over;
  });

  it("is for so many clients of a tenant at once, and none that it leaves behind", async () => {
    const acme = await server.tenant("crowd");
    await acme.put("/functions/f", { code });
    const all = [];
    for (let n = 0; n < 16; n += 1) all.push(await follow(acme, "", true));
    const { response } = await follow(acme, "", true);
    expect([response.status, (await acme.send("/functions/f/logs?follow=true")).status]).toEqual([
      429, 429,
    ]);
    expect(response.headers.get("retry-after")).toBe("10");
    // Nothing follows for a HEAD, whose body nobody reads.
    for (const { reader } of all) await reader?.cancel();
    for (let n = 0; n < 20; n += 1) {
      expect((await acme.send("/functions/f/logs?follow=true", "HEAD")).status).toBe(200);
    }
    for (const path of ["limit=1", "since=2026-01-01T00:00:00Z"]) {
      expect((await acme.send(`/functions/f/logs?follow=true&${path}`)).status).toBe(400);
    }
    const again = await follow(acme);
    expect(again.response.status).toBe(200);
    again.hangUp();
  });

  it("ends with the tenant, with the key, and with the server", async () => {
    const own = plane.serve();
    const [acme, other] = [await own.tenant("ending"), await own.tenant("staying")];
    for (const each of [acme, other]) await each.put("/functions/f", { code });
    const gone = await follow(acme, "", false, own.app);
    await own.tenancy.directory.delete("ending");
    // At once, and not only at the next look at its key, which is five seconds away.
    await Promise.race([gone.over, sleep(4_000)]);
    expect(gone.events).toEqual([{ event: "end", data: { reason: "unauthorized" } }]);
    const revoked = await follow(other, "", false, own.app);
    const { key } = await own.tenancy.keyring.create("staying", "");
    const staying = { ...other, authorization: `Bearer ${key}` };
    const stays = await follow(staying, "", false, own.app);
    const [first] = await plane.store.keys.list("staying");
    await own.tenancy.keyring.revoke("staying", first?.id ?? "");
    await revoked.over;
    expect(revoked.events).toEqual([{ event: "end", data: { reason: "unauthorized" } }]);
    await own.services.logFollowers.close();
    await stays.over;
    expect(stays.events).toEqual([{ event: "end", data: { reason: "shutdown" } }]);
    expect((await follow(staying, "", true, own.app)).response.status).toBe(503);
  }, 20_000);

  it("tells those of other servers of the store once they have ended", async () => {
    const shared = new ControlPlane({ ...plane.store, isShared: true, close: async () => {} });
    shared.behave = (_job, options) => run(options);
    const [one, two] = [shared.serve(), shared.serve()];
    const [here, there] = [await one.tenant("shared"), await two.tenant("shared")];
    await here.put("/functions/f", { code });
    const followed = await follow(here, "level=log", false, one.app);
    const ids = [
      await invoked(there, entry("there"), entry("too")),
      await invoked(here, entry("here")),
    ];
    await two.services.executionWriter.flush();
    await until(() => followed.events.length === 2);
    // Time for further looks: none is told twice.
    await sleep(2_200);
    expect(followed.events.map(({ data }) => [data.executionId, data.logs.length]).sort()).toEqual(
      [
        [ids[0], 2],
        [ids[1], 1],
      ].sort(),
    );
    followed.hangUp();
    await shared.close();
  });
});
