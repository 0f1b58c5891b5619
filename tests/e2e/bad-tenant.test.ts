/** Tests that nothing accumulates of a tenant whose code leaves behind all that it can. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { badRequest, KINDS, sendSteadily } from "../../dev/bad-tenant.ts";
import { Label } from "../../src/engines/container/flags.ts";
import { until } from "../contract/engine-contract.ts";
import { containersOf, docker } from "../helpers/containers.ts";
import { TestServer } from "../helpers/server.ts";
import { SOAK } from "../helpers/soak.ts";

const { perSecond, ms } = SOAK ? { perSecond: 100, ms: 60_000 } : { perSecond: 10, ms: 3_000 };
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
/** Descriptors more than before: of connections of the client, and of control groups watched. */
const DESCRIPTORS = 16;

/** Figures of what there is because of the server. */
interface Present {
  readonly sandboxes: number;
  /** Holders of network namespaces, which are lent to one sandbox after the other. */
  readonly networks: number;
  readonly processes: number;
  /** Files and directories of the server, one of each sandbox among them. */
  readonly files: number;
  readonly descriptors: number;
  readonly memory: number;
}

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

async function present(): Promise<Present> {
  const status = await readFile(`/proc/${server.pid}/status`, "utf8");
  return {
    sandboxes: (await containersOf(server.runDirectory, "sandbox")).length,
    networks: (await containersOf(server.runDirectory, "network")).length,
    processes: (await descendants(server.pid)).length,
    files: (await ownFiles()).length,
    descriptors: (await readdir(`/proc/${server.pid}/fd`)).length,
    memory: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024,
  };
}

/** Lists what is in the directory of the server, and not deeper: compiled code varies there. */
async function ownFiles(): Promise<string[]> {
  const instances = await readdir(server.runDirectory);
  const found = await Promise.all(instances.map((id) => readdir(join(server.runDirectory, id))));
  return found.flat();
}

async function descendants(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const texts = threads.map((thread) =>
    readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => ""),
  );
  const children = (await Promise.all(texts)).join(" ").split(" ").filter(Boolean).map(Number);
  const further = await Promise.all(children.map(descendants));
  return [...children, ...further.flat()];
}

/** Resolves with the figures once they are no larger than those before, or fails with what is. */
async function atRest(before?: Present): Promise<Present> {
  let now = await present();
  let last = now;
  for (let tries = 0; ; tries += 1) {
    const isSteady =
      now.sandboxes === last.sandboxes &&
      now.processes === last.processes &&
      now.files === last.files;
    const isAsBefore =
      before === undefined ||
      (now.sandboxes <= before.sandboxes &&
        now.processes <= before.processes &&
        now.files <= before.files &&
        now.descriptors <= before.descriptors + DESCRIPTORS);
    if ((tries > 5 && isSteady && isAsBefore) || tries > 60) return now;
    await new Promise((resolve) => setTimeout(resolve, 500));
    last = now;
    now = await present();
  }
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
  const before = await atRest();
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

  const after = await atRest(before);
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
