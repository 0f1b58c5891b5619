/** Tests channels between executions on servers that share a PostgreSQL store. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { ChannelRelay } from "../../server/cluster/channel-relay.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { openStore } from "../../server/store/open.ts";
import { ChannelRouter } from "../../src/channels/channels.ts";
import { config } from "../../src/config/config.ts";
import { type Opened, openKernel } from "../../src/kernel/open.ts";
import { until } from "../contract/engine-contract.ts";
import { Cable } from "../helpers/cable.ts";
import { unique } from "../helpers/store-rows.ts";

let postgres: Postgres;
let directory: string;
let cable: Cable;

/** One server: channels, a store and the relay between them. */
async function serverOf(url = postgres.url(), { relays = true } = {}) {
  const id = unique("node");
  const store = await openStore(url);
  const router = new ChannelRouter();
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const relay = new ChannelRelay({ router, store, nodeId: id, onError });
  await until(() => store.notices.connected);
  if (relays) relay.start();
  /** Joins a member that takes its messages at once. */
  const member = (tenant: string, topics: readonly string[] = []) => {
    const one = router.join(tenant);
    const heard: string[] = [];
    one.connect((_topic, text) => {
      heard.push(text);
      queueMicrotask(() => one.receive({ op: "taken" }));
      return true;
    });
    for (const topic of topics) one.subscribe(topic);
    return { one, heard, emit: (topic: string, text: string) => one.emit(topic, text) };
  };
  const close = async (): Promise<void> => {
    await relay.close();
    await store.close();
  };
  return { id, store, router, relay, member, errors, close };
}

type Server = Awaited<ReturnType<typeof serverOf>>;
const kernels: Opened[] = [];
let servers: Server[];
let [one, two, three] = [] as unknown as [Server, Server, Server];

async function kernelOf({ router: channels }: Server, name: string): Promise<Opened> {
  const opened = await openKernel({
    config: config({ sandbox: "none", cluster: { min: 0, max: 2 } }),
    containers: null,
    runDirectory: join(directory, name),
    inProcess: true,
    log: () => {},
    channels,
  });
  kernels.push(opened);
  return opened;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-relay-"));
  postgres = await Postgres.start();
  cable = new Cable(() => postgres.port);
  await cable.plug();
  servers = [await serverOf(), await serverOf(), await serverOf(cable.url(postgres.url()))];
  [one, two, three] = servers as [Server, Server, Server];
});
afterAll(async () => {
  await Promise.all(kernels.map((kernel) => kernel.close()));
  await Promise.all(servers.map((server) => server.close()));
  cable.cut();
  await postgres.stop();
  await rm(directory, { recursive: true });
});

/** Waits until the store knows that a server has subscribers. */
const known = (tenant: string, { id }: Server) =>
  until(async () => (await (one.store as Store).channels.subscribers(tenant, "")).includes(id));

describe("channels of two servers", () => {
  it("carry messages of any size between their executions, in order, and to no other tenant", async () => {
    const tenant = unique("tenant");
    const [near, far] = [await kernelOf(one, "one"), await kernelOf(two, "two")];
    const strangers = servers.map((server) => server.member(unique("tenant"), ["t"]));
    const third = three.member(tenant, ["t", "u"]);
    const run = (kernel: Opened, code: string) =>
      kernel.kernel.execute(
        { code, tools: ["channel"], sandbox: "none", timeout: 30_000 },
        { tenant: { id: tenant } },
      );
    const receiver = run(
      far,
      `export default () => new Promise((resolve) => {
        let [count, inOrder, bytes] = [0, true, 0];
        channel.on("t", ({ n, pad }) => {
          inOrder &&= n === count;
          count += 1;
          bytes += pad.length;
          if (n !== 1009) return;
          resolve({ count, inOrder, bytes });
        });
      })`,
    );
    await known(tenant, two);
    await known(tenant, three);
    await run(
      near,
      `export default async () => {
        for (let n = 0; n < 1010; n += 1) {
          channel.emit("t", { n, pad: "x".repeat(n < 1000 ? 1000 : 65000) });
          if (n % 5 === 4) await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }`,
    );
    const { result, usage } = await receiver;
    expect(result).toEqual({ count: 1010, inOrder: true, bytes: 1_000 * 1_000 + 10 * 65_000 });
    expect(usage.channelDropped).toBe(0);
    await until(() => third.heard.length === 1010);
    expect(third.heard.map((text) => JSON.parse(text).n)).toEqual([...Array(1010).keys()]);
    for (const { heard } of strangers) expect(heard).toEqual([]);
  });

  it("carry nothing from a server without its relay", async () => {
    const tenant = unique("tenant");
    const mute = await serverOf(postgres.url(), { relays: false });
    servers.push(mute);
    const far = two.member(tenant, ["t"]);
    const near = mute.member(tenant, ["t"]);
    await known(tenant, two);
    mute.member(tenant).emit("t", '"lost"');
    await until(() => near.heard.length === 1);
    one.member(tenant).emit("t", '"marker"');
    await until(() => far.heard.length > 0);
    expect(far.heard).toEqual(['"marker"']);
    expect(near.heard).toEqual(['"lost"']);
  });

  it("send nothing where nobody of the tenant listens, and on once somebody does", async () => {
    const [tenant, other] = [unique("tenant"), unique("tenant")];
    const sender = one.member(tenant);
    const bystander = two.member(other, ["t"]);
    await known(other, two);
    const arrivals: string[] = [];
    const off = two.store.notices.onText(`isolate:${two.id}`, (text) => void arrivals.push(text));
    sender.emit("t", "1");
    await sleep(100);
    expect(arrivals).toEqual([]);
    const late = two.member(tenant, ["t"]);
    await known(tenant, two);
    // The notice of the first subscription ends what this server knows.
    await until(() => {
      sender.emit("t", "2");
      return late.heard.length > 0;
    });
    expect(late.heard[0]).toBe("2");
    expect(bystander.heard).toEqual([]);
    off();
  });

  it("take nothing that has not their form, and no tenant from another's code", async () => {
    const [tenant, other] = [unique("tenant"), unique("tenant")];
    const [mine, theirs] = [two.member(tenant, ["t"]), two.member(other, ["t"])];
    await known(tenant, two);
    const batch = { from: "x", tenant, messages: [["t", "1"]], lost: [] };
    const bad = [
      "{",
      "null",
      { ...batch, from: "" },
      { ...batch, messages: [["t"]] },
      { ...batch, messages: [["t", 1]] },
      { ...batch, messages: [["t", "x".repeat(70_000)]] },
      { ...batch, lost: [["t", -1]] },
      { from: "x", kept: "no id" },
      { from: "x", kept: "00000000-0000-4000-8000-000000000000" },
    ];
    for (const each of [...bad, batch]) {
      const text = typeof each === "string" ? each : JSON.stringify(each);
      if (text.length < 7_900)
        await postgres.query(`select pg_notify('isolate:${two.id}', $$${text}$$)`);
    }
    await until(() => mine.heard.length > 0);
    const hostile = one.member(tenant);
    const text = JSON.stringify({
      tenant: other,
      from: two.id,
      messages: [["t", "2"]],
      "\0": "\ud800",
    });
    await until(() => {
      hostile.emit("t", text);
      return mine.heard.length > 1;
    });
    expect(mine.heard.slice(0, 2)).toEqual(["1", text]);
    expect(theirs.heard).toEqual([]);
  });

  it("drop what is too much for their tenant, and tell its receivers how much", async () => {
    const [tenant, other] = [unique("tenant"), unique("tenant")];
    const receiver = two.member(tenant, ["t"]);
    const bystander = two.member(other, ["t"]);
    await known(tenant, two);
    await known(other, two);
    const sender = one.member(tenant);
    const text = JSON.stringify("x".repeat(65_000));
    for (let count = 0; count < 200; count += 1) sender.emit("t", text);
    // Another tenant has its own room.
    one.member(other).emit("t", "1");
    await until(() => bystander.heard.length === 1);
    await until(() => receiver.heard.length + receiver.one.dropped >= 200);
    expect(receiver.heard.length).toBeGreaterThan(50);
    expect(receiver.one.dropped).toBeGreaterThan(50);
    expect(receiver.heard.length + receiver.one.dropped).toBe(200);
    expect(bystander.one.dropped).toBe(0);
  });

  it("go on after the store was away, and tell what was lost", async () => {
    const tenant = unique("tenant");
    const receiver = two.member(tenant, ["t"]);
    await known(tenant, two);
    const sender = three.member(tenant);
    await until(() => {
      sender.emit("t", "0");
      return receiver.heard.length > 0;
    });
    cable.cut();
    await until(() => !three.store.notices.connected);
    const { dropped } = receiver.one;
    three.errors.length = 0;
    await until(() => {
      sender.emit("t", "1");
      return three.errors.length > 1;
    });
    await cable.plug();
    await until(() => {
      sender.emit("t", "2");
      return receiver.heard.includes("2");
    });
    expect(receiver.one.dropped).toBeGreaterThan(dropped);
  });

  it("leave nothing behind", async () => {
    const tenant = unique("tenant");
    const server = await serverOf();
    const { one: member } = server.member(tenant, ["t"]);
    await known(tenant, server);
    member.leave();
    await server.close();
    expect(await one.store.channels.subscribers(tenant, "")).toEqual([]);
    const rows = await postgres.query("select count(*)::int as n from isolate.channel_messages");
    expect(Number(rows[0]?.n)).toBeGreaterThan(0);
    await one.store.channels.prune(0);
    const after = await postgres.query("select count(*)::int as n from isolate.channel_messages");
    expect(after[0]?.n).toBe(0);
  });
});
