/** Tests that nothing accumulates of a tenant whose code leaves behind all that it can. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { badRequest, KINDS, sendSteadily } from "../../dev/bad-tenant.ts";
import { Label } from "../../src/engines/container/flags.ts";
import { until } from "../contract/engine-contract.ts";
import { containersOf, docker } from "../helpers/containers.ts";
import { atRest, DESCRIPTORS } from "../helpers/present.ts";
import { TestServer } from "../helpers/server.ts";
import { SOAK, soakTimes } from "../helpers/soak.ts";

const { perSecond, ms } = SOAK
  ? { perSecond: 100, ms: soakTimes(60_000) }
  : { perSecond: 10, ms: 3_000 };
/** Settings by which the server soon has only what it keeps warm. */
const POOL_MAX = 4;
const SETTINGS = {
  ISOLATE_REUSE_IDLE: "1000",
  ISOLATE_POOL_IDLE: "1000",
  ISOLATE_POOL_MAX: String(POOL_MAX),
  ISOLATE_MEMORY: "128",
};
/** A wait that is long enough on any machine for requests that are not too many. */
const PATIENT = { queueTimeout: 60_000 };
/** Bytes by which the server may have grown. Its store and its compiled code are in there. */
const GROWTH = 100 * 1_024 * 1_024;
let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start(SETTINGS);
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
});

/** Sends a request on a connection of its own: a server that lags closes those that seem idle. */
async function send(n: number, more: object = PATIENT): Promise<number> {
  const level = n % 2 === 0 ? "container" : "isolated";
  const response = await fetch(`${server.url}/execute`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Connection: "close" },
    // Each kind runs at each level.
    body: JSON.stringify({ ...badRequest(Math.floor(n / 2), level), ...more }),
  });
  await response.text();
  return response.status;
}

/** Returns the ids of all containers that were started for the server, once `work` is done. */
async function startedDuring(work: () => Promise<void>): Promise<ReadonlySet<string>> {
  const started = new Set<string>();
  const label = [`${Label.runDirectory}=${server.runDirectory}`];
  const events = await docker.getEvents({ filters: { event: ["start"], label } });
  events.on("data", (chunk: Buffer) => {
    for (const [, id] of chunk.toString().matchAll(/"id":"([0-9a-f]{64})"/g))
      started.add(id as string);
  });
  try {
    await work();
  } finally {
    (events as unknown as { destroy(): void }).destroy();
  }
  return started;
}

/** Lists places where a container's control groups are, in both versions of them. */
async function controlGroups(id: string): Promise<string[]> {
  const root = "/sys/fs/cgroup";
  const tops = [root, ...(await readdir(root)).map((name) => `${root}/${name}`)];
  return tops
    .flatMap((top) => [`${top}/docker/${id}`, `${top}/system.slice/docker-${id}.scope`])
    .filter((place) => existsSync(place));
}

it("leaves no container, process, file, control group, descriptor or memory", {
  timeout: SOAK ? 1_200_000 : 240_000,
}, async () => {
  // The first of each kind starts what the server keeps: levels, connections, compiled code.
  for (let n = 0; n < 2 * KINDS; n += 1) expect(await send(n)).toBe(200);
  const before = await atRest(server);
  const sendOne = (n: number): Promise<number> => send(n, SOAK ? {} : PATIENT);
  let statuses: ReadonlyMap<number, number> = new Map();
  const started = await startedDuring(async () => {
    ({ statuses } = await sendSteadily(sendOne, { perSecond, ms }));
    // Requests that come now are served, although nothing has had time to end.
    expect(await server.execute({ code: "export default () => 42" })).toMatchObject({ result: 42 });
  });
  if (SOAK) console.log("answers by status:", Object.fromEntries(statuses));
  expect([...statuses.keys()].filter((status) => ![200, 429, 503].includes(status))).toEqual([]);
  expect(statuses.get(200)).toBeGreaterThan(2 * KINDS);

  const after = await atRest(server, before);
  if (SOAK) console.log("before", before, "after", after, "containers started", started.size);
  expect(after.sandboxes).toBeLessThanOrEqual(before.sandboxes);
  expect(after.processes).toBeLessThanOrEqual(before.processes);
  expect(after.networks).toBeLessThanOrEqual(POOL_MAX);
  expect(after.files).toBeLessThanOrEqual(before.files);
  expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + DESCRIPTORS);
  expect(after.memory - before.memory).toBeLessThan(GROWTH);

  expect(started.size).toBeGreaterThan(0);
  const alive = new Set(await containersOf(server.runDirectory));
  const ended = [...started].filter((id) => !alive.has(id));
  await until(async () => (await Promise.all(ended.map(controlGroups))).flat().length === 0);
});
