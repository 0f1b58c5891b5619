/**
 * Tests the ways to run code on a real server: events meanwhile, and the traces of a killed server.
 */
import { createParser } from "eventsource-parser";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import type { Json } from "../helpers/control-plane.ts";
import { TestServer } from "../helpers/server.ts";

const SETTINGS = {
  ISOLATE_ENGINE: "none",
  ISOLATE_MEMORY: "128",
  ISOLATE_POOL_MIN: "1",
  ISOLATE_POOL_MAX: "2",
  ISOLATE_JOB_LEASE: "1000",
};
const sandbox = "isolated";
const JSON_TYPE = { "content-type": "application/json" };

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start(SETTINGS);
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
});

function post(request: object, headers: object, signal?: AbortSignal): Promise<Response> {
  const init = { method: "POST", body: JSON.stringify(request), ...(signal && { signal }) };
  return fetch(`${server.url}/execute`, { ...init, headers: { ...JSON_TYPE, ...headers } });
}

async function get(path: string): Promise<Json> {
  return (await fetch(`${server.url}${path}`)).json();
}

it("tells of what happens when it happens, and kills what nobody listens to any more", async () => {
  const code = `export default async () => {
    console.log("first");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  }`;
  const caller = new AbortController();
  const events: (string | undefined)[] = [];
  const parser = createParser({ onEvent: ({ event }) => events.push(event) });
  const headers = { accept: "text/event-stream" };
  const response = await post({ code, sandbox, timeout: 90_000 }, headers, caller.signal);
  const reader = response.body?.getReader();
  while (events.length === 0) {
    parser.feed(new TextDecoder().decode((await reader?.read())?.value));
  }
  expect(events).toEqual(["log"]);
  caller.abort();
  await until(async () => (await get("/executions")).executions.length === 1);
  expect((await get("/executions")).executions).toMatchObject([
    { outcome: "aborted", via: "stream" },
  ]);
  await until(async () => (await get("/readyz")).pool.leased === 0);
});

it("runs again what a killed server had accepted, and loses nothing that waits", async () => {
  const code = `export default async (ms) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return ms;
  }`;
  const ids: string[] = [];
  for (let job = 0; job < 3; job += 1) {
    const request = { code, sandbox, input: 800, timeout: 10_000 };
    const response = await post(request, { prefer: "respond-async" });
    ids.push(((await response.json()) as Json).id);
  }
  await until(async () => (await get(`/jobs/${ids[0]}`)).status === "running");
  await server.stop("SIGKILL");
  await server.start();
  for (const [place, id] of ids.entries()) {
    let job: Json;
    await until(async () => {
      job = await get(`/jobs/${id}`);
      return job.status === "done";
    });
    expect(job.answer).toMatchObject({ id, ok: true, result: 800 });
    expect(job.attempts).toBe(place === 0 ? 2 : 1);
    expect(await get(`/executions/${id}`)).toMatchObject({ via: "async", outcome: "ok" });
  }
});
