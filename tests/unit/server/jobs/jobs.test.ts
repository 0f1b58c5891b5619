/**
 * Tests executions with a later answer, over a real store. Each test sets the engine's behaviour.
 */
import { createServer, type IncomingHttpHeaders, type Server as Receiver } from "node:http";
import { type AddressInfo, createServer as createNetServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { FinalJobAnswer, Jobs } from "../../../../server/store/contract/jobs.ts";
import { StoreUnavailable } from "../../../../server/store/contract/store-errors.ts";
import { jobs } from "../../../../server/store/drizzle/schema.ts";
import { Aborted, HostBusy, ShuttingDown } from "../../../../src/base/errors.ts";
import { until } from "../../../contract/engine-contract.ts";
import { ControlPlane, type Json } from "../../../helpers/control-plane.ts";

const code = "export default () => 1";
const LATER = { prefer: "respond-async" };

type Server = ReturnType<ControlPlane["serve"]>;

let plane: ControlPlane;
/** Accepts requests and runs none. */
let front: Server;
const working: Server[] = [];
let count = 0;

beforeAll(async () => {
  plane = await ControlPlane.open();
  front = plane.serve();
}, 60_000);
afterAll(() => plane.close(), 60_000);
beforeEach(() => {
  plane.behave = async () => ({ result: 1 });
});
afterEach(async () => {
  for (const { services } of working.splice(0)) await services.worker.close();
});

/** Starts a server that runs waiting jobs. */
function worker(lease = 1_000): Server {
  const server = plane.serve({ lease });
  server.services.worker.start();
  working.push(server);
  return server;
}

function newTenant(server = front, limits = {}) {
  count += 1;
  return server.tenant(`tenant-${count}`, limits);
}

type Client = Awaited<ReturnType<typeof newTenant>>;

async function accepted(client: Client, request: object = {}): Promise<string> {
  const response = await client.post("/execute", { code, ...request }, LATER);
  const { id, status } = (await response.json()) as Json;
  expect([response.status, status]).toEqual([202, "queued"]);
  expect(response.headers.get("location")).toBe(`/jobs/${id}`);
  return id;
}

async function over(client: Client, id: string): Promise<Json> {
  let job: Json;
  await until(async () => {
    job = await client.get(`/jobs/${id}`);
    return job.finishedAt !== null;
  }, 30);
  return job;
}

it("reads the answers that were stored as values before", () => {
  const before = { status: 200, body: { id: "1", result: [',"body":', "\0"] } };
  const { status, body } = jobs.answer.mapFromDriverValue(JSON.stringify(before)) as FinalJobAnswer;
  expect({ status, body: JSON.parse(body) }).toEqual(before);
});

describe("Prefer: respond-async", () => {
  beforeEach(() => {
    worker();
  });

  it("answers at once, and with the outcome when it is asked for later", async () => {
    const client = await newTenant();
    plane.behave = async ({ input }) => ({ result: input });
    const id = await accepted(client, { input: "x" });
    expect(await over(client, id)).toEqual({
      id,
      status: "done",
      attempts: 1,
      acceptedAt: expect.any(String),
      finishedAt: expect.any(String),
      answer: expect.objectContaining({ id, ok: true, result: '"x"', attempts: 1 }),
    });
    expect(await client.get(`/executions/${id}`)).toMatchObject({ via: "async", outcome: "ok" });
  });

  it("refuses at once what would never run", async () => {
    const { post } = await newTenant(front, { sandbox: ["container", "isolated"] });
    for (const [request, status, field] of [
      [{ code, timeout: 1e9 }, 400, "timeout"],
      [{ code, permissions: { net: ["*"] } }, 403, "permissions.net[0]"],
      [{ code, sandbox: "isolated" }, 503, undefined],
      [{ code, callback: "http://x.example" }, 400, "callback"],
    ] as const) {
      const response = await post("/execute", request, LATER);
      expect(response.status).toBe(status);
      expect(((await response.json()) as Json).error.field).toBe(field);
    }
    const waits = await post("/execute", { code, callback: "https://x.example" });
    expect(((await waits.json()) as Json).error.field).toBe("callback");
  });

  it("answers with the error of what could not be run", async () => {
    const client = await newTenant();
    plane.behave = async () => {
      throw new Error("/srv/secret is broken");
    };
    const { answer, status } = await over(client, await accepted(client));
    expect(status).toBe("done");
    expect(answer).toMatchObject({ error: { code: "INTERNAL" } });
    expect(JSON.stringify(answer)).not.toContain("secret");
  });

  it("is tried again for what passes, and counts as one attempt", async () => {
    const client = await newTenant();
    let tries = 0;
    plane.behave = async () => {
      tries += 1;
      if (tries === 1) throw new HostBusy("Full");
      return { result: 2 };
    };
    const { answer } = await over(client, await accepted(client));
    expect(answer).toMatchObject({ result: 2, attempts: 1 });
    expect(tries).toBe(2);
    expect((await client.get("/executions")).executions).toMatchObject([{ outcome: "ok" }]);
  });

  it("runs once for an Idempotency-Key", async () => {
    const client = await newTenant();
    const headers = { ...LATER, "idempotency-key": "k" };
    const [first, second] = [
      await client.post("/execute", { code }, headers),
      await client.post("/execute", { code }, headers),
    ];
    expect(second.headers.get("location")).toBe(first.headers.get("location"));
    expect(second.status).toBe(202);
    await over(client, ((await first.json()) as Json).id);
    expect((await client.get("/executions")).executions).toHaveLength(1);
  });

  it("belongs to its tenant alone", async () => {
    const [one, other] = [await newTenant(), await newTenant()];
    const id = await accepted(one);
    for (const method of ["GET", "DELETE"]) {
      const response = await other.send(`/jobs/${id}`, method);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ error: { code: "JOB_NOT_FOUND" } });
    }
    expect((await over(one, id)).status).toBe("done");
  });
});

describe("jobs of a tenant at its limit", () => {
  it("are run as soon as it has room, and never beyond that", async () => {
    const client = await newTenant(front, { concurrency: 2 });
    let running = 0;
    let most = 0;
    plane.behave = async () => {
      running += 1;
      most = Math.max(most, running);
      await sleep(20);
      running -= 1;
      return { result: 1 };
    };
    const ids: string[] = [];
    for (let job = 0; job < 20; job += 1) ids.push(await accepted(client));
    const server = plane.serve({ lease: 30_000 }, { cluster: { max: 16 } });
    working.push(server);
    // Without looks from time to time, each start but the first ones is that of a job's end. No refusal
    // is over before.
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"] });
    try {
      server.services.worker.start();
      for (const id of ids) expect((await over(client, id)).attempts).toBe(1);
    } finally {
      vi.useRealTimers();
    }
    expect(most).toBe(2);
  });
});

describe("DELETE /jobs/{id}", () => {
  it("ends what runs, and keeps what waits from running", async () => {
    const client = await newTenant(worker());
    const signals: AbortSignal[] = [];
    plane.behave = (_job, { signal }) =>
      new Promise((_resolve, reject) => {
        if (signal === undefined) return;
        signals.push(signal);
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    const ids = [];
    for (let job = 0; job < 5; job += 1) ids.push(await accepted(client));
    // Half of the pool's eight sandboxes.
    await until(() => signals.length === 4);
    for (const id of ids.toReversed()) {
      expect((await client.send(`/jobs/${id}`, "DELETE")).status).toBe(204);
      expect(await client.get(`/jobs/${id}`)).toMatchObject({ status: "cancelled" });
      expect((await client.send(`/jobs/${id}`, "DELETE")).status).toBe(409);
    }
    await until(() => signals.every(({ aborted }) => aborted));
    expect(signals).toHaveLength(4);
  });

  it("reaches what runs at another server", async () => {
    worker();
    const client = await newTenant();
    let signal: AbortSignal | undefined;
    plane.behave = (_job, options) =>
      new Promise((_resolve, reject) => {
        signal = options.signal;
        signal?.addEventListener("abort", () => reject(signal?.reason));
      });
    const id = await accepted(client);
    await until(() => signal !== undefined);
    expect((await client.send(`/jobs/${id}`, "DELETE")).status).toBe(204);
    await until(() => signal?.aborted === true);
  });
});

describe("a server that goes down", () => {
  /** Claims the waiting jobs for a server that then disappears. */
  const claimedByDead = () => plane.store.jobs.claim("dead", -1, 9);

  it("leaves its jobs to others, which run them again, but not for ever", async () => {
    const client = await newTenant();
    const id = await accepted(client);
    expect(await claimedByDead()).toMatchObject([{ id, attempts: 1 }]);
    expect(await claimedByDead()).toMatchObject([{ id, attempts: 2 }]);
    const first = worker();
    expect((await over(client, id)).answer).toMatchObject({ ok: true, attempts: 3 });
    await first.services.worker.close();
    const poison = await accepted(client);
    for (let attempt = 1; attempt <= 3; attempt += 1) await claimedByDead();
    worker();
    expect((await over(client, poison)).answer).toMatchObject({ error: { code: "JOB_GIVEN_UP" } });
  });

  it("gives back what it has not finished, as if it had not begun", async () => {
    const client = await newTenant();
    let reject = (_error: unknown): void => {};
    plane.behave = () =>
      new Promise((_resolve, rejected) => {
        reject = rejected;
      });
    const id = await accepted(client);
    const { engine, services } = worker();
    await until(() => engine.jobs.length === 1);
    expect(await client.get(`/jobs/${id}`)).toMatchObject({ status: "running", attempts: 1 });
    services.worker.stop();
    reject(new ShuttingDown());
    await services.worker.close();
    expect(await client.get(`/jobs/${id}`)).toMatchObject({ status: "queued", attempts: 0 });
    expect((await client.get("/executions")).executions).toEqual([]);
    plane.behave = async () => ({ result: 1 });
    worker();
    expect(await over(client, id)).toMatchObject({ attempts: 1 });
  });

  it("keeps its jobs for as long as it renews its claim", async () => {
    const client = await newTenant();
    let go = (): void => {};
    let starts = 0;
    plane.behave = () =>
      new Promise((resolve) => {
        starts += 1;
        go = () => resolve({ result: "kept" });
      });
    const id = await accepted(client);
    worker(3_000);
    await until(() => starts === 1);
    const rival = worker(3_000);
    for (let look = 0; look < 40; look += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      rival.services.worker.wake();
    }
    go();
    expect(await over(client, id)).toMatchObject({ attempts: 1, answer: { result: "kept" } });
    expect(starts).toBe(1);
  });
});

describe("a callback", () => {
  let receiver: Receiver;
  let callback = "";
  /** Requests that the receiver got, and the statuses it answers with before 204. */
  const received: { headers: IncomingHttpHeaders; body: string }[] = [];
  const statuses: number[] = [];
  /** Promise that it waits for before each answer. */
  let hold = Promise.resolve();
  let letGo = (): void => {};

  /** Accepts connections and sends nothing. */
  async function deadReceiver() {
    const sockets = new Set<Socket>();
    const silent = createNetServer((socket) => {
      sockets.add(socket.on("error", () => {}));
    });
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const close = (): void => {
      silent.close();
      for (const socket of sockets) socket.destroy();
    };
    const { port } = silent.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}/`, connections: () => sockets.size, close };
  }

  beforeAll(async () => {
    receiver = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request.setEncoding("utf8")) body += chunk;
      received.push({ headers: request.headers, body });
      await hold;
      response.writeHead(statuses.shift() ?? 204).end();
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    callback = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  });
  afterAll(() => void receiver.close());

  it("brings the answer, signed with the tenant's secret, until it is taken", async () => {
    const egress = { private: [new URL(callback).host] };
    const server = plane.serve({ nodeId: "sender" }, { egress });
    const client = await server.tenant("acme");
    server.services.worker.start();
    server.services.callbacks?.start();
    statuses.push(500);
    const response = await client.post("/execute", { code, callback }, LATER);
    const { id } = (await response.json()) as Json;
    const stored = async () => plane.store.jobs.get("acme", id);
    await until(() => received.length === 1);
    await until(async () => (await stored())?.notify === true);
    // Makes it due five seconds early.
    await plane.store.jobs.notified("sender", id, -1_000);
    server.services.callbacks?.wake();
    await until(async () => (await stored())?.notify === false);
    const { secret } = await client.get("/tenant/callback-secret");
    expect(received).toHaveLength(2);
    for (const { headers, body } of received) {
      expect(headers["webhook-id"]).toBe(id);
      expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toEqual({
        type: "execution.finished",
        timestamp: expect.any(String),
        data: { id, status: 200, answer: expect.objectContaining({ id, ok: true, result: 1 }) },
      });
    }
    expect(await (await server.tenant("other")).get("/tenant/callback-secret")).not.toEqual({
      secret,
    });
  });

  it("is sent once by servers whose clocks are at odds", async () => {
    const servers = [1, 2].map(() =>
      plane.serve({}, { egress: { private: [new URL(callback).host] } }),
    );
    const [first, second] = servers as [Server, Server];
    const client = await first.tenant("clocks");
    received.length = 0;
    hold = new Promise((resolve) => {
      letGo = resolve;
    });
    first.services.worker.start();
    first.services.callbacks?.start();
    const response = await client.post("/execute", { code, callback }, LATER);
    const { id } = (await response.json()) as Json;
    await until(() => received.length === 1);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 90_000 });
    try {
      second.services.callbacks?.start();
      await sleep(500);
      second.services.callbacks?.wake();
      await sleep(500);
    } finally {
      vi.useRealTimers();
      letGo();
    }
    await until(async () => (await plane.store.jobs.get("clocks", id))?.notify === false);
    expect(received).toHaveLength(1);
  });

  it("of one tenant whose receivers are dead does not keep another's waiting", async () => {
    const dead = await deadReceiver();
    const hosts = [callback, dead.url].map((url) => new URL(url).host);
    const server = plane.serve({}, { egress: { private: hosts } });
    const [busy, quiet] = [await server.tenant("dead"), await server.tenant("quiet")];
    server.services.worker.start();
    for (let job = 0; job < 48; job += 1) {
      await busy.post("/execute", { code, callback: dead.url }, LATER);
    }
    const all = async () => (await plane.store.jobs.pending("dead")) === 0;
    await until(all);
    server.services.callbacks?.start();
    await until(() => dead.connections() > 0);
    received.length = 0;
    const since = performance.now();
    await quiet.post("/execute", { code, callback }, LATER);
    await until(() => received.length === 1);
    expect(performance.now() - since).toBeLessThan(4_000);
    expect(dead.connections()).toBeLessThanOrEqual(8);
    dead.close();
    await server.services.callbacks?.close();
  });

  it("is refused by a server that could not sign it", async () => {
    const client = await plane.serve({ secretKey: undefined }).tenant("unsigned");
    const response = await client.post("/execute", { code, callback: "https://x.example" }, LATER);
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ error: { code: "SECRET_KEY_MISSING" } });
    expect((await client.send("/tenant/callback-secret")).status).toBe(409);
  });
});

describe("a worker and the store's answers", () => {
  let own: ControlPlane;
  beforeAll(async () => {
    own = await ControlPlane.open();
  });
  afterAll(() => own.close());

  /** Makes a server that does not start by itself, and whose store does some things in a way of the test's own. */
  function serverOver(some: Partial<Jobs>, lease: number) {
    const jobs = new Proxy(own.store.jobs, {
      get: (all, name) => Reflect.get(some, name) ?? Reflect.get(all, name),
    });
    const host = new ControlPlane({ ...own.store, jobs });
    const server = host.serve({ lease });
    working.push(server);
    return { host, server };
  }

  it("begin no job that was cancelled while its claim was on its way", async () => {
    const client = await newTenant(own.serve());
    const begun: string[] = [];
    let isFirst = true;
    const { host, server } = serverOver(
      {
        claim: async (...args) => {
          const claimed = await own.store.jobs.claim(...args);
          if (isFirst) for (const { id } of claimed) await client.send(`/jobs/${id}`, "DELETE");
          isFirst &&= claimed.length === 0;
          return claimed;
        },
      },
      60_000,
    );
    host.behave = async (job) => {
      begun.push(job.code);
      return { result: 1 };
    };
    const cancelled = await accepted(client, { code: `${code} // cancelled` });
    server.services.worker.start();
    expect(await over(client, cancelled)).toMatchObject({ status: "cancelled" });
    const id = await accepted(client);
    server.services.worker.wake();
    await over(client, id);
    expect(begun).toHaveLength(1);
    expect(begun[0]).not.toContain("cancelled");
  });

  it("end a renewal that waits for a store that is away", async () => {
    const client = await newTenant(own.serve());
    let renewals = 0;
    const renew = async (): Promise<never> => {
      renewals += 1;
      throw new StoreUnavailable();
    };
    const { host, server } = serverOver({ renew }, 300);
    host.behave = (_job, { signal }) =>
      new Promise((_resolve, reject) =>
        signal?.addEventListener("abort", () => reject(new Aborted())),
      );
    const id = await accepted(client);
    server.services.worker.start();
    await until(() => renewals > 0);
    await server.services.worker.close();
    const before = renewals;
    await sleep(2_000);
    expect(renewals).toBeLessThanOrEqual(before + 1);
    await client.send(`/jobs/${id}`, "DELETE");
  });
});
