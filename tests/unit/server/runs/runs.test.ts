/** Tests the modes of running code, over a real store. Each test sets the engine's behaviour. */
import { setTimeout as sleep } from "node:timers/promises";
import { createParser } from "eventsource-parser";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Retention } from "../../../../server/runs/retention.ts";
import { Aborted, HostBusy } from "../../../../src/base/errors.ts";
import { until } from "../../../contract/engine-contract.ts";
import { ControlPlane, type Json } from "../../../helpers/control-plane.ts";
import { execution } from "../../../helpers/store-rows.ts";

const code = "export default () => 1";
const EVENTS = { accept: "text/event-stream" };

let plane: ControlPlane;
let server: ReturnType<ControlPlane["serve"]>;
let count = 0;
beforeAll(async () => {
  plane = await ControlPlane.open();
  server = plane.serve();
}, 60_000);
afterAll(() => plane.close(), 60_000);
beforeEach(() => {
  plane.behave = async () => ({ result: 1 });
});

function newTenant(limits: object = {}) {
  count += 1;
  return server.tenant(`tenant-${count}`, limits);
}

/** Runs until its caller hangs up, and records that. */
function endless(seen: { started?: boolean; aborted?: boolean }): ControlPlane["behave"] {
  return (_job, { signal }) =>
    new Promise((_resolve, reject) => {
      seen.started = true;
      signal?.addEventListener("abort", () => {
        seen.aborted = true;
        reject(new Aborted());
      });
    });
}

async function eventsOf(response: Response): Promise<{ event: string; data: Json }[]> {
  const events: { event: string; data: Json }[] = [];
  const parser = createParser({
    onEvent: ({ event = "", data }) => events.push({ event, data: JSON.parse(data) }),
  });
  parser.feed(await response.text());
  return events;
}

describe("an execution", () => {
  it("is written down with what it was granted, and can be found by its answer's id", async () => {
    const { id: tenant, post, get } = await newTenant();
    const request = { code, tools: ["crypto"], permissions: { net: ["x.org"] } };
    const response = await post("/execute", request);
    const { id, usage } = (await response.json()) as Json;
    expect(await get(`/executions/${id}`)).toEqual({
      id,
      requestId: response.headers.get("x-request-id"),
      via: "execute",
      function: null,
      version: null,
      level: "container",
      tools: ["crypto"],
      permissions: expect.objectContaining({ net: ["x.org"], read: [] }),
      outcome: "ok",
      error: null,
      startedAt: expect.any(String),
      duration: 0,
      usage,
    });
    expect((await plane.store.executions.get(tenant, id))?.tenant).toBe(tenant);
  });

  it("is written down whatever became of it, with what went wrong", async () => {
    const { post, get } = await newTenant();
    await post("/execute", { code, permissions: { net: ["*"] } });
    plane.behave = async () => ({
      status: "error",
      fault: { name: "TypeError", message: "x" },
      logs: [{ level: "exception", message: "x", name: "TypeError", timestamp: 0 }],
    });
    await post("/execute", { code });
    plane.behave = async () => {
      throw new HostBusy("Full");
    };
    await post("/execute", { code });
    plane.behave = async () => {
      throw new Error("Broken");
    };
    expect((await post("/execute", { code })).status).toBe(500);
    const { executions } = await get("/executions");
    expect(executions.map(({ outcome, error }: Json) => [outcome, error])).toEqual([
      ["failed", "INTERNAL"],
      ["failed", "HOST_BUSY"],
      ["exception", "TypeError"],
      ["refused", "PERMISSION_REFUSED"],
    ]);
  });

  it("whose quota is used up is not one", async () => {
    const { post, get } = await newTenant({ rate: { requests: 1, seconds: 60 } });
    expect((await post("/execute", { code })).status).toBe(200);
    const refused = await post("/execute", { code });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await get("/executions")).executions).toHaveLength(1);
  });

  it("ends with its tenant", async () => {
    const { id, post } = await newTenant();
    const seen: { started?: boolean; aborted?: boolean } = {};
    plane.behave = endless(seen);
    const response = post("/execute", { code });
    await until(() => seen.started === true);
    await server.tenancy.directory.delete(id);
    await response;
    expect(seen.aborted).toBe(true);
  });
});

describe("Accept: text/event-stream", () => {
  it("tells of what happens when it happens, and ends with the answer", async () => {
    const { post, get } = await newTenant();
    let go = (): void => {};
    plane.behave = async (_job, { observer }) => {
      observer?.onLog?.({ level: "log", message: "a\nb", timestamp: 1 });
      observer?.onChannel?.("topic", '{"x":\n1}');
      observer?.onDenied?.({ kind: "net", value: "x.org:443", by: "worker" });
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return { result: "done", logs: [{ level: "log", message: "a\nb", timestamp: 1 }] };
    };
    const response = await post("/execute", { code }, EVENTS);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    // The response has begun, and the execution goes on.
    go();
    const events = await eventsOf(response);
    const id = events.at(-1)?.data.id;
    expect(events).toEqual([
      { event: "log", data: { level: "log", message: "a\nb", timestamp: 1 } },
      { event: "channel", data: { topic: "topic", data: { x: 1 } } },
      { event: "denied", data: { kind: "net", value: "x.org:443", by: "worker" } },
      { event: "result", data: expect.objectContaining({ id, ok: true, result: "done" }) },
    ]);
    expect(await get(`/executions/${id}`)).toMatchObject({ via: "stream", outcome: "ok" });
  });

  it("has a status of its own for what is refused before it begins, and an event afterwards", async () => {
    const { post } = await newTenant();
    const refused = await post("/execute", { code, timeout: 1e9 }, EVENTS);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { field: "timeout" } });
    plane.behave = async () => {
      throw new HostBusy("Full");
    };
    const response = await post("/execute", { code }, EVENTS);
    expect(response.status).toBe(200);
    const requestId = response.headers.get("x-request-id");
    expect(await eventsOf(response)).toEqual([
      {
        event: "error",
        data: { error: expect.objectContaining({ code: "HOST_BUSY", requestId }) },
      },
    ]);
  });

  it("ends the execution of a client that goes away", async () => {
    const { post, get } = await newTenant();
    const seen: { started?: boolean; aborted?: boolean } = {};
    plane.behave = endless(seen);
    const response = await post("/execute", { code }, EVENTS);
    await until(() => seen.started === true);
    await response.body?.cancel();
    const ends = async () => (await get("/executions")).executions;
    await until(async () => (await ends()).length === 1);
    expect(seen.aborted).toBe(true);
    expect(await ends()).toMatchObject([{ outcome: "aborted", via: "stream" }]);
  });

  it("is not what a client gets that refuses it", async () => {
    const { post } = await newTenant();
    const accept = "application/json, text/event-stream;q=0";
    const response = await post("/execute", { code }, { accept });
    expect(response.headers.get("content-type")).toBe("application/json");
  });
});

describe("Idempotency-Key", () => {
  const KEY = { "idempotency-key": "a-key" };

  it("has a request run once, and answered the same ever after", async () => {
    const { post, get } = await newTenant();
    const first = await post("/execute", { code }, KEY);
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    const again = await post("/execute", { code }, KEY);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    const answer = await first.json();
    expect(await again.json()).toEqual(answer);
    const streamed = await post("/execute", { code }, { ...KEY, ...EVENTS });
    expect(await eventsOf(streamed)).toEqual([{ event: "result", data: answer }]);
    expect((await get("/executions")).executions).toHaveLength(1);
  });

  it("is its tenant's own, and one request's", async () => {
    const [one, other] = [await newTenant(), await newTenant()];
    await one.post("/execute", { code }, KEY);
    const theirs = await other.post("/execute", { code }, KEY);
    expect(theirs.headers.get("idempotency-replayed")).toBeNull();
    for (const [path, body] of [
      ["/execute", { code, input: 1 }],
      ["/execute/batch", { requests: [{ code }] }],
    ] as const) {
      const mismatch = await one.post(path, body, KEY);
      expect(mismatch.status).toBe(422);
      expect(await mismatch.json()).toMatchObject({ error: { code: "IDEMPOTENCY_MISMATCH" } });
    }
  });

  it("is taken while its request runs, which no client's going away ends", async () => {
    const { post } = await newTenant();
    let go = (): void => {};
    let signal: AbortSignal | undefined;
    plane.behave = (_job, options) =>
      new Promise((resolve) => {
        signal = options.signal;
        go = () => resolve({ result: "late" });
      });
    const caller = new AbortController();
    const first = post("/execute", { code }, KEY, caller.signal);
    await until(() => signal !== undefined);
    const second = await post("/execute", { code }, KEY);
    expect(second.status).toBe(409);
    expect(await second.json()).toMatchObject({ error: { code: "IDEMPOTENCY_RUNNING" } });
    caller.abort();
    expect(signal?.aborted).toBe(false);
    go();
    expect(await (await first).json()).toMatchObject({ result: "late" });
    const third = await post("/execute", { code }, KEY);
    expect(await third.json()).toMatchObject({ result: "late" });
  });

  it("is as new after what has not come to an execution", async () => {
    const { post } = await newTenant();
    plane.behave = async () => {
      throw new HostBusy("Full");
    };
    expect((await post("/execute", { code }, KEY)).status).toBe(503);
    plane.behave = async () => ({ result: 2 });
    expect(await (await post("/execute", { code }, KEY)).json()).toMatchObject({ result: 2 });
  });

  it.each(["", " ", "x".repeat(256), "with a blank", "ä"])("cannot be %j", async (key) => {
    const { post } = await newTenant();
    const response = await post("/execute", { code }, { "idempotency-key": key });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { field: "Idempotency-Key" } });
  });

  it("has a body that is nested too deep refused", async () => {
    const { post } = await newTenant();
    let input: unknown = 1;
    for (let depth = 0; depth < 3_000; depth += 1) input = [input];
    expect((await post("/execute", { code, input }, KEY)).status).toBe(400);
  });
});

describe("POST /execute/batch", () => {
  it("answers for each request in its place, whatever becomes of the others", async () => {
    const { post, get } = await newTenant({ concurrency: 3 });
    let running = 0;
    let most = 0;
    plane.behave = async ({ input }) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 10 - Number(input)));
      running -= 1;
      if (input === "4") throw new HostBusy("Full");
      return { result: Number(input) };
    };
    const requests: object[] = Array.from({ length: 10 }, (_, input) => ({ code, input }));
    requests[7] = { code, permissions: { net: ["*"] } };
    const response = await post("/execute/batch", { requests });
    expect(response.status).toBe(200);
    const { results } = (await response.json()) as Json;
    expect(results.map((one: Json) => one.result ?? one.error.code)).toEqual([
      ...[0, 1, 2, 3, "HOST_BUSY", 5, 6, "PERMISSION_REFUSED", 8, 9],
    ]);
    expect(most).toBe(3);
    const { executions } = await get("/executions?via=batch");
    expect(executions).toHaveLength(10);
  });

  it("runs no more than it can answer for", async () => {
    const { post, get } = await newTenant();
    plane.behave = async () => ({ result: "x".repeat(4_000_000) });
    const requests = Array.from({ length: 40 }, () => ({ code }));
    const { results } = (await (await post("/execute/batch", { requests })).json()) as Json;
    const answered = results.filter((one: Json) => one.ok).length;
    expect(answered).toBe(8);
    expect(results.at(-1)).toMatchObject({ error: { code: "PAYLOAD_TOO_LARGE" } });
    expect((await get("/executions?limit=200")).executions.length).toBeLessThan(40);
  });

  it("answers malformed requests with their own errors, and runs the others", async () => {
    const { post, get } = await newTenant();
    plane.behave = async () => ({ result: 1 });
    const [large, other] = ["x".repeat(100_000), { code, entry: 1 }];
    const malformed = [
      [{ code, timeout: 0 }, "timeout"],
      [{ code, timout: 1 }, "timout"],
      [{ code, tools: Array(101).fill(1) }, "tools"],
      [{ input: large }, "code"],
      [other, "entry"],
      ...[null, 1, "x", [{ code }]].map((item) => [item, ""] as const),
    ] as const;
    const requests = malformed.flatMap(([item]) => [{ code }, item]);
    const response = await post("/execute/batch", { requests }, { "idempotency-key": "bad" });
    expect(response.status).toBe(200);
    const { results } = (await response.json()) as Json;
    expect(results).toHaveLength(18);
    for (const [at, [, name]] of malformed.entries()) {
      expect(results[at * 2]).toMatchObject({ ok: true, result: 1 });
      const field = `requests[${at * 2 + 1}]${name && `.${name}`}`;
      const error = { name: "BadRequest", code: "BAD_REQUEST", field };
      expect(results[at * 2 + 1]).toMatchObject({ error });
      expect(results[at * 2 + 1].error.message).toContain(`${field}: `);
    }
    expect((await get("/executions?via=batch")).executions).toHaveLength(9);
    // A request with another fault is another request.
    requests[9] = { code, entry: 2 };
    const again = await post("/execute/batch", { requests }, { "idempotency-key": "bad" });
    expect(await again.json()).toMatchObject({ error: { code: "IDEMPOTENCY_MISMATCH" } });
  });

  it.each([
    ["none", [], "requests"],
    ["101", Array.from({ length: 101 }, () => ({ code })), "requests"],
    ["none at all", { code }, "requests"],
    [
      "far too many members",
      Array(100).fill({ code, tools: Array(300).fill(1) }),
      "requests[65].tools",
    ],
  ])("refuses %s", async (_what, requests, field) => {
    const { post } = await newTenant();
    const response = await post("/execute/batch", { requests });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { field } });
  });
});

describe("GET /executions", () => {
  it("pages through what is one's own, the newest first", async () => {
    const [one, other] = [await newTenant(), await newTenant()];
    const ids: string[] = [];
    for (let run = 0; run < 5; run += 1) {
      ids.push(((await (await one.post("/execute", { code })).json()) as Json).id);
      await other.post("/execute", { code });
    }
    const pages: string[][] = [];
    for (let query: string | undefined = "limit=2"; query !== undefined; ) {
      const { executions, next } = await one.get(`/executions?${query}`);
      pages.push(executions.map(({ id }: Json) => id));
      query = next && `limit=2&cursor=${next}`;
    }
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(pages.flat()).toEqual(ids.toReversed());
    expect((await other.send(`/executions/${ids[0]}`)).status).toBe(404);
    expect((await one.send("/executions/nothing")).status).toBe(404);
  });

  it("finds by outcome, way and time", async () => {
    const { post, get } = await newTenant();
    await post("/execute", { code });
    // Two that begin within a millisecond have one time.
    await sleep(5);
    await eventsOf(await post("/execute", { code }, EVENTS));
    const { executions } = await get("/executions");
    const at = encodeURIComponent(executions[0].startedAt);
    const found = async (query: string) => (await get(`/executions?${query}`)).executions.length;
    expect(await found("outcome=ok")).toBe(2);
    expect(await found("outcome=crash")).toBe(0);
    expect(await found("via=stream")).toBe(1);
    expect(await found(`since=${at}`)).toBe(1);
    expect(await found(`until=${at}`)).toBe(1);
    expect(await found("function=none")).toBe(0);
  });

  it.each([
    ["limit=0", "limit"],
    ["limit=201", "limit"],
    ["limit=x", "limit"],
    ["outcome=good", "outcome"],
    ["since=yesterday", "since"],
    ["cursor=1", "cursor"],
    ["via=execute&via=batch", "via"],
    ["unknown=1", "unknown"],
  ])("refuses %s", async (query, field) => {
    const { send } = await newTenant();
    const response = await send(`/executions?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { field } });
  });
});

describe("retention", () => {
  const DAY = 86_400_000;

  it("is the server's days, or a tenant's own if those are fewer", async () => {
    const now = Date.now();
    const ages: Record<string, number[]> = {};
    for (const retention of [2, 90, undefined]) {
      const { id } = await newTenant({ retention });
      const at = (days: number): Date => new Date(now - days * DAY);
      await plane.store.executions.record(
        [1, 5, 40].map((days) => execution(id, { startedAt: at(days) })),
      );
      ages[id] = retention === 2 ? [1] : [1, 5];
    }
    await new Retention({ store: plane.store, days: 30, onError: () => {} }).prune();
    for (const [id, expected] of Object.entries(ages)) {
      const rows = await plane.store.executions.list(id, { limit: 10 });
      const left = rows.map(({ startedAt }) => Math.round((now - startedAt.getTime()) / DAY));
      expect(left.sort()).toEqual(expected);
    }
  });
});
