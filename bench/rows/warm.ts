import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Context, EXPECTED, rounds, uniqueExpression, uniqueRequest } from "../context.ts";
import { HEAT, type Peer } from "../peers/peer.ts";
import { RawClient } from "../raw-client.ts";
import { BenchServer } from "../server.ts";
import type { Row } from "../table.ts";

const WARM_UP = 2;
/** Milliseconds without a request before an execution that is not hot. */
const SPACE = 300;
/** Rounds from one `docker run` to the next, and to the next execution by other peers. */
const SELDOM = 4;

type Way = "hot" | "spaced";

/** Runner of code in this measurement: a level of the server, or a peer. */
interface Runner {
  readonly name: string;
  readonly isSeldom: boolean;
  readonly hot: number[];
  readonly spaced: number[];
  /** Waits for the work that earlier executions left behind. */
  settle(): Promise<void>;
  /** Makes code and connections hot, without using a warm sandbox. */
  heat(): Promise<void>;
  run(): Promise<number>;
}

/**
 * Measures executions one at a time, by turns: of the server at two levels, and of its peers. All
 * over HTTP have the same client. An execution is hot just after other requests, or has 300 ms
 * without any before it.
 */
export async function warm(context: Context): Promise<Row[]> {
  const { server, docker, scratch, peers, signal } = context;
  const runDirectory = join(scratch, "isolated");
  const weaker = await BenchServer.start({ docker, runDirectory, min: 2, engine: "none", signal });
  const clients: RawClient[] = [];
  try {
    for (const each of [server, weaker]) clients.push(await RawClient.open(each.origin, signal));
    const [first, second] = clients as [RawClient, RawClient];
    const container = ours(server, first, "container", false);
    const isolated = ours(weaker, second, "isolated", true);
    const others: Runner[] = [];
    for (const name of ["workerd", "isolated-vm", "bare Deno Worker"] as const) {
      const peer = await peers.get(name);
      if (peer !== undefined) others.push(runnerOf(peer, name !== "workerd"));
    }
    const run = await collect(context, [container, ...others, isolated]);
    return toRows(container, isolated, others, run);
  } finally {
    for (const client of clients) client.close();
    await weaker.stop();
  }
}

function ours(
  server: BenchServer,
  client: RawClient,
  level: "container" | "isolated",
  isSeldom: boolean,
): Runner {
  return {
    name: level,
    isSeldom,
    hot: [],
    spaced: [],
    settle: () => server.quiet(),
    async heat() {
      for (let n = 0; n < HEAT; n += 1) await client.get("/healthz");
    },
    async run() {
      const answer = await client.post("/execute", { ...uniqueRequest(), sandbox: level });
      if (answer.status !== 200 || answer.body.result !== EXPECTED) {
        throw new Error(`POST /execute: ${answer.status} ${JSON.stringify(answer.body)}`);
      }
      return answer.ms;
    },
  };
}

function runnerOf(peer: Peer, isSeldom: boolean): Runner {
  return {
    name: peer.name,
    isSeldom,
    hot: [],
    spaced: [],
    settle: async () => {},
    heat: () => peer.heat(),
    run: () => peer.run(`export default ${uniqueExpression()}`, 21, EXPECTED),
  };
}

async function collect(context: Context, runners: readonly Runner[]): Promise<number[]> {
  const { server, plain, samples, signal } = context;
  const run: number[] = [];
  for (const round of rounds(context, WARM_UP + samples * 2, 120)) {
    const isFull = round < WARM_UP || round % SELDOM === 0;
    for (const runner of runners) {
      if (runner.isSeldom && !isFull) continue;
      for (const way of ["spaced", "hot"] as const) {
        const ms = await sample(runner, way, signal);
        // The first samples compile code, fill caches and open connections on all sides.
        if (round >= WARM_UP) runner[way].push(ms);
      }
    }
    if (!isFull) continue;
    await server.quiet();
    const code = `console.log((${uniqueExpression()})(21))`;
    run.push(await plain.dockerRun(code, String(EXPECTED)));
  }
  return run;
}

async function sample(runner: Runner, way: Way, signal: AbortSignal): Promise<number> {
  await runner.settle();
  if (way === "hot") await runner.heat();
  else await sleep(SPACE, undefined, { signal });
  return runner.run();
}

function toRows(
  container: Runner,
  isolated: Runner,
  others: readonly Runner[],
  run: readonly number[],
): Row[] {
  const rows: Row[] = [];
  const workerd = others.find(({ name }) => name === "workerd");
  for (const way of ["hot", "spaced"] as const) {
    const beside = (each: Runner | undefined) =>
      each === undefined ? {} : { reference: { name: each.name, values: each[way] } };
    const row = (runner: Runner): Row => ({
      work: `one-shot over HTTP, ${runner.name}, ${way}`,
      unit: "ms",
      values: runner[way],
      ...beside(workerd),
    });
    const goal = { of: "ratio", better: "lower", must: 1, aim: 0.75 } as const;
    rows.push({ ...row(container), goal }, row(isolated));
    for (const other of others) {
      if (other !== workerd) rows.push({ ...row(container), ...beside(other) });
    }
  }
  const work = "one-shot over HTTP, container, spaced";
  const values = container.spaced;
  return [
    ...rows,
    {
      work,
      unit: "ms",
      values,
      reference: { name: "docker run --rm", values: run },
      goal: { of: "ratio", better: "lower", must: 0.03, aim: 0.015 },
    },
    { work, unit: "ms", values, goal: { of: "value", better: "lower", must: 10 } },
  ];
}
