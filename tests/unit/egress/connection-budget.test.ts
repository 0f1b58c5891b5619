/** Tests the connections that many executions have open together. */
import { afterEach, describe, expect, it } from "vitest";
import { until } from "../../contract/engine-contract.ts";
import { Cleanup, Client, echo, outcome, startProxy, startUpstream } from "../../helpers/egress.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function setUp(connections: number) {
  const upstream = await startUpstream(cleanup, echo);
  const name = `up.test:${upstream.port}`;
  const proxy = await startProxy(cleanup, {
    hosts: { "up.test": "127.0.0.1" },
    private: [name],
    connections,
  });
  let runs = 0;
  /** Opens a run of a tenant. */
  async function open(tenant: string): Promise<string> {
    runs += 1;
    const socket = await proxy.slot();
    const egress = { socket, policy: { allow: [name] } };
    const answer = await proxy.admin.ask({ op: "open", run: `run${runs}`, tenant, egress });
    if (!answer.ok) throw new Error(answer.error.message);
    return socket;
  }
  /** Asks for a tunnel. Returns the client and its answer. */
  async function connect(path: string): Promise<{ client: Client; told: string }> {
    const client = new Client(path);
    client.write(`CONNECT ${name} HTTP/1.1\r\n\r\n`);
    const text = await client.until(/\r\n\r\n/).catch(() => "cut off");
    return { client, told: outcome(text) };
  }
  return { open, connect, upstream };
}

/** Lets the loop, in which the proxy runs as well, take what has arrived, however long that takes on a busy machine. */
async function turns(): Promise<void> {
  for (let n = 0; n < 20; n += 1) await new Promise((resolve) => setTimeout(resolve, 5));
}

const OPEN = "HTTP/1.1 200 Connection Established";

describe("the connections of all executions together", () => {
  it("are a tenant's own to half of them, over all its executions, and then those of others", async () => {
    const { open, connect } = await setUp(16);
    const runs = [await open("greedy"), await open("greedy"), await open("greedy")];
    const told: string[] = [];
    for (let n = 0; n < 12; n += 1) told.push((await connect(runs[n % 3] ?? "")).told);
    expect(told.filter((each) => each === OPEN)).toHaveLength(8);
    expect(told.slice(8)).toEqual(Array(4).fill("LIMIT_TENANT"));
    const other = await open("other");
    for (let n = 0; n < 4; n += 1) expect((await connect(other)).told).toBe(OPEN);
    expect((await connect(other)).told).toBe("LIMIT_TENANT");
    expect((await connect(await open("third"))).told).toBe(OPEN);
  });

  it("are free again as they close", async () => {
    const { open, connect } = await setUp(4);
    const path = await open("tenant");
    for (let n = 0; n < 20; n += 1) {
      let client: Client | undefined;
      // Both ends of a tunnel close, each in its time.
      await until(async () => {
        const asked = await connect(path);
        client = asked.client;
        return asked.told === OPEN;
      });
      client?.socket.end();
      await client?.closed;
    }
  });

  it("are counted until what was dialled for them is gone as well", async () => {
    const { open, connect, upstream } = await setUp(2);
    const path = await open("tenant");
    const { client } = await connect(path);
    // The host reads nothing, so sent bytes wait for it.
    upstream.sockets[0]?.unpipe().pause();
    client.write(Buffer.alloc(16_777_216));
    let left = 0;
    // All buffers on the way are full.
    await until(() => {
      const before = left;
      left = client.socket.writableLength;
      return left === before;
    }, 50);
    client.socket.destroy();
    await client.closed;
    expect((await connect(path)).told).toBe("LIMIT_TENANT");
    upstream.sockets[0]?.destroy();
    await until(async () => (await connect(path)).told === OPEN);
  });

  it("that are refused are bounded as well", async () => {
    const { open, connect } = await setUp(8);
    const path = await open("tenant");
    for (let n = 0; n < 4; n += 1) await connect(path);
    const refused = Array.from({ length: 20 }, () => {
      const client = new Client(path);
      client.socket.pause();
      return client;
    });
    await turns();
    for (const { socket } of refused) socket.resume();
    await Promise.all(refused.map(({ closed }) => closed));
    expect(refused.filter(({ text }) => outcome(text) === "LIMIT_TENANT")).toHaveLength(4);
    expect(refused.filter(({ text }) => text === "")).toHaveLength(16);
  });
});
