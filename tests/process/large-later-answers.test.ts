/** Tests that the largest later answers and their callbacks delay no other request. */
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Json } from "../helpers/control-plane.ts";
import { LoopWatch } from "../helpers/loop-watch.ts";
import { Receiver } from "../helpers/receiver.ts";
import { TestServer } from "../helpers/server.ts";

/** Milliseconds within which `/healthz` must answer. */
const WITHIN = 200;
/** Number of attempts. A real fault shows in each of them. */
const TRIES = 3;
const JOBS = 4;
const OBJECTS = 99_000;

let receiver: Receiver;
let server: TestServer;
let watch: LoopWatch;

beforeAll(async () => {
  receiver = await Receiver.start();
  server = await TestServer.start({
    ISOLATE_ENGINE: "none",
    ISOLATE_MEMORY: "256",
    ISOLATE_POOL_MAX: "4",
    ISOLATE_SECRET_KEY: "7".repeat(64),
    ISOLATE_EGRESS_PRIVATE: receiver.host,
  });
  watch = new LoopWatch(server);
});
afterAll(async () => {
  await watch?.close();
  receiver?.stop();
  await server?.dispose();
});

/** Objects with unique names, because they take longest to parse and to clone. */
const code = `export default () =>
  Array.from({ length: ${OBJECTS} }, (_, n) => ({ ["a" + n]: n, ["b" + n]: "0" }))`;

async function later(): Promise<string> {
  const callback = `http://${receiver.host}/`;
  const request = { code, sandbox: "isolated", timeout: 30_000, callback };
  const response = await fetch(`${server.url}/execute`, {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "respond-async" },
    body: JSON.stringify(request),
  });
  expect(response.status).toBe(202);
  return ((await response.json()) as Json).id;
}

/** Reads text only: parsing it would block this process, and the watch with it. */
async function textOf(path: string): Promise<string> {
  return (await fetch(`${server.url}${path}`)).text();
}

async function worstBeside(work: () => Promise<void>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < TRIES && least >= WITHIN; tries += 1) {
    await watch.take();
    await work();
    await sleep(60);
    least = Math.min(least, (await watch.take()).worst);
  }
  if (process.env.REPORT) console.log(Math.round(least));
  return least;
}

it(`/healthz answers within ${WITHIN} ms beside them`, async () => {
  let ids: string[] = [];
  const run = async (): Promise<void> => {
    receiver.received.length = 0;
    ids = await Promise.all(Array.from({ length: JOBS }, later));
    while (receiver.received.length < JOBS) await sleep(50);
  };
  expect(await worstBeside(run)).toBeLessThan(WITHIN);
  const read = async (): Promise<void> => {
    for (const id of ids) expect((await textOf(`/jobs/${id}`)).length).toBeGreaterThan(2_000_000);
  };
  expect(await worstBeside(read)).toBeLessThan(WITHIN);

  const { secret } = JSON.parse(await textOf("/tenant/callback-secret"));
  const [{ headers, body }] = receiver.received as [(typeof receiver.received)[0]];
  const { data } = new Webhook(secret).verify(body, headers as Record<string, string>) as Json;
  expect(data).toMatchObject({ status: 200, answer: { ok: true, attempts: 1 } });
  expect(data.answer.result).toHaveLength(OBJECTS);
  const { answer, status } = JSON.parse(await textOf(`/jobs/${data.id}`));
  expect([status, answer]).toEqual(["done", data.answer]);
}, 60_000);
