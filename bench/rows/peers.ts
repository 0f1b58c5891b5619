import { setTimeout as sleep } from "node:timers/promises";
import { busyEach } from "../busy.ts";
import { type Context, EXPECTED, rounds, uniqueExpression, uniqueRequest } from "../context.ts";
import { load } from "../load.ts";
import type { Peer } from "../peers/peer.ts";
import { proportionalSize } from "../proc.ts";
import { together } from "../stats.ts";
import type { Row } from "../table.ts";

const ROUNDS = 2;
const CLIENTS = 4;
const WARM_UP = 2_000;
const MEASURED = 3_000;
const PEERS = ["workerd", "isolated-vm", "bare Deno Worker"] as const;
/** Number of sandboxes kept at once, whose memory is measured. */
const KEPT = 20;
/** Milliseconds after which memory of a start is free again. */
const IDLE = 1_000;

/** Measures what an execution computes and a sandbox holds: of the server's reuse, and of peers. */
export async function peers(context: Context): Promise<Row[]> {
  const open: Peer[] = [];
  for (const name of PEERS) {
    const peer = await context.peers.get(name);
    if (peer !== undefined) open.push(peer);
  }
  const memory: Row[] = [];
  for (const peer of open) memory.push(await memoryOf(context, peer));
  return [...(await processorTimes(context, open)), ...memory];
}

async function processorTimes(context: Context, open: readonly Peer[]): Promise<Row[]> {
  const { server, signal } = context;
  const works = new Map<string, (ms: number) => Promise<number>>();
  for (const level of ["container", "isolated"] as const) {
    works.set(`reuse for a tenant, ${level}`, (ms) =>
      requests(context, ms, { sandbox: level, reuse: "tenant" }),
    );
  }
  const { code } = uniqueRequest() as { code: string };
  works.set("reuse of code", (ms) => requests(context, ms, { code, reuse: "code" }));
  for (const peer of open) works.set(peer.name, (ms) => executions(peer, ms, signal));
  const values = new Map<string, number[]>([...works.keys()].map((name) => [name, []]));
  for (const _ of rounds(context, ROUNDS, 90)) {
    for (const [name, work] of works) {
      await server.quiet();
      await work(WARM_UP);
      await server.quiet();
      values.get(name)?.push(await busyEach(() => work(MEASURED), signal));
    }
  }
  return [...values].map(([name, all]) => ({
    work: `processor time of an execution, ${name}`,
    unit: "ms",
    values: all,
  }));
}

async function requests({ server, signal }: Context, ms: number, more: object): Promise<number> {
  const shot = () => ({
    path: "/execute",
    body: { ...uniqueRequest(), ...more },
    expected: EXPECTED,
  });
  const times = { ramp: 0, measured: ms };
  const { origin } = server;
  return (await load({ origin, clients: CLIENTS, ...times, shot, signal })).latencies.length;
}

async function executions(peer: Peer, ms: number, signal: AbortSignal): Promise<number> {
  const end = performance.now() + ms;
  let done = 0;
  await together(CLIENTS, async () => {
    while (performance.now() < end && !signal.aborted) {
      await peer.run(`export default ${uniqueExpression()}`, 21, EXPECTED);
      done += 1;
    }
  });
  signal.throwIfAborted();
  return done;
}

async function memoryOf({ signal }: Context, peer: Peer): Promise<Row> {
  const size = async (): Promise<number> => {
    await sleep(IDLE, undefined, { signal });
    const sizes = await Promise.all((await peer.pids()).map(proportionalSize));
    return sizes.reduce((sum, each) => sum + each, 0);
  };
  const before = await size();
  for (let n = 0; n < KEPT; n += 1) await peer.keep(`export default ${uniqueExpression()}`, 21);
  const each = ((await size()) - before) / KEPT;
  return { work: `memory of one sandbox more (PSS), ${peer.name}`, unit: "MB", values: [each] };
}
