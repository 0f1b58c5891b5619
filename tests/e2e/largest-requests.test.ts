/**
 * Tests that no single request delays others, whatever its size and whether or not it is accepted.
 */
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { largestRequests, type Stage } from "../helpers/largest-requests.ts";
import type { Largest } from "../helpers/largest-values.ts";
import { LoopWatch } from "../helpers/loop-watch.ts";
import { form } from "../helpers/registry-server.ts";
import { TestServer } from "../helpers/server.ts";
import { SOAK } from "../helpers/soak.ts";
import { asking, OPERATOR_KEY, tenantOf } from "../helpers/tenant-of.ts";

/** Milliseconds within which `/healthz` must answer. */
const WITHIN = 200;
/** Number of attempts for a slow request. A real fault shows in each of them. */
const TRIES = 3;

const STAGE: Stage = { tenant: "acme", name: "value", site: "site", locator: "acme.org/a.text@1" };

let server: TestServer;
let watch: LoopWatch;
let key: string;

beforeAll(async () => {
  server = await TestServer.start({
    ISOLATE_ADMIN_KEY: OPERATOR_KEY,
    // Kept sandboxes hold several bodies of 8 MiB at times.
    ISOLATE_MEMORY: "512",
    // The control plane reads and passes on the same for processes, whose starts cost half as much.
    ...(!SOAK && { ISOLATE_ENGINE: "none", ISOLATE_TENANT_SANDBOX: "isolated" }),
  });
  const acme = await tenantOf(server, "acme", {});
  key = acme.key;
  const code = "export default () => 1";
  const site = "export default () => new Response()";
  await acme.ask("PUT", "/functions/value", { code, timeout: 20_000 });
  const http = { code: site, kind: "http", public: true, timeout: 20_000 };
  expect((await acme.ask("PUT", "/functions/site", http)).status).toBe(201);
  const manifest = { domain: "acme.org", name: "a", type: "text", version: "1" };
  const published = await fetch(`${server.url}/api/v1/publish`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: await form(manifest),
  });
  expect(published.status).toBe(201);
  // Starts the thread for large bodies.
  await acme.ask("POST", "/plan", { code, input: "x".repeat(100_000) });
  watch = new LoopWatch(server);
});
afterAll(async () => {
  await watch?.close();
  await server?.dispose();
});

/** Sends the whole request, even after an early answer. Resolves with the status. */
function send(
  method: string,
  { path, headers = {}, body, expected }: Largest,
  as: string,
): Promise<number> {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const all = {
    authorization: `Bearer ${as}`,
    ...headers,
    ...(bytes && { "content-length": bytes.length }),
  };
  return new Promise((resolve, reject) => {
    let status = 0;
    const sent = request(`${server.url}${path}`, { method, headers: all, agent: false });
    sent.on("response", (response) => {
      status = response.statusCode ?? 0;
      response.resume().once("close", () => resolve(status));
    });
    // A server that refuses a body may close the connection while it is still being sent.
    const isCut = (error: NodeJS.ErrnoException) => /EPIPE|ECONNRESET/.test(error.code ?? "");
    sent.on("error", (error) => {
      if (status > 0) resolve(status);
      else if (isCut(error) && expected.includes(413)) resolve(413);
      else reject(error);
    });
    sent.end(bytes);
  });
}

/** Milliseconds after an answer in which the server may still work for its request. */
const AFTERWARDS = 60;

async function worstBeside(method: string, each: Largest, as: string): Promise<[number, number]> {
  let least = Number.POSITIVE_INFINITY;
  let status = 0;
  for (let tries = 0; tries < TRIES && least >= WITHIN; tries += 1) {
    if (tries > 0) await watch.take();
    status = await send(method, each, as);
    await sleep(AFTERWARDS);
    const { worst } = await watch.take();
    least = Math.min(least, worst);
  }
  return [status, least];
}

/** Sends all requests at once. Returns statuses and times, of each alone if together they delay others. */
async function worstOfAll(
  method: string,
  all: readonly Largest[],
  as: string,
): Promise<[number, number][]> {
  const statuses = await Promise.all(all.map((each) => send(method, each, as)));
  await sleep(AFTERWARDS);
  const { worst } = await watch.take();
  if (worst < WITHIN) return statuses.map((status) => [status, worst]);
  const alone: [number, number][] = [];
  for (const each of all) alone.push(await worstBeside(method, each, as));
  return alone;
}

it("what is watched is what waits: a server that is busy is seen to be", async () => {
  expect((await watch.take()).polls).toBeGreaterThan(0);
  process.kill(server.pid, "SIGSTOP");
  await sleep(400);
  process.kill(server.pid, "SIGCONT");
  await sleep(100);
  expect((await watch.take()).worst).toBeGreaterThan(WITHIN);
});

describe(`/healthz answers within ${WITHIN} ms beside the largest requests`, () => {
  it(
    "to every operation of the contract",
    async () => {
      const contract = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
        paths: Record<string, Record<string, { security: object[] }>>;
      };
      const largest = largestRequests(STAGE);
      const operations = Object.entries(contract.paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, { security }]) => ({
          operation: `${method.toUpperCase()} ${path}`,
          isAdmin: security.some((scope) => "admin" in scope),
        })),
      );
      // Fails for a new route until its largest requests are added here.
      expect(Object.keys(largest).sort()).toEqual(
        operations.map(({ operation }) => operation).sort(),
      );
      const faults: unknown[] = [];
      for (const { operation, isAdmin } of operations) {
        const [method = ""] = operation.split(" ");
        const as = isAdmin || operation.endsWith("/metrics") ? OPERATOR_KEY : key;
        const note = (each: Largest, [status, worst]: [number, number]): void => {
          if (process.env.REPORT) console.log(operation, each.what, status, Math.round(worst));
          if (worst >= WITHIN || !each.expected.includes(status)) {
            faults.push({ operation, what: each.what, status, worst: Math.round(worst) });
          }
        };
        const all = largest[operation]?.() ?? [];
        const small = all.filter(({ body }) => body === undefined);
        const times = await worstOfAll(method, small, as);
        for (const [n, each] of small.entries()) note(each, times[n] ?? [0, WITHIN]);
        for (const each of all) {
          if (each.body !== undefined) note(each, await worstBeside(method, each, as));
        }
      }
      expect(faults).toEqual([]);
      expect((await asking(server, key)("GET", "/tenant")).status).toBe(200);
    },
    SOAK ? 3_600_000 : 600_000,
  );
});
