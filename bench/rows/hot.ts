import { countStarts } from "../containers.ts";
import { type Context, EXPECTED } from "../context.ts";
import { type Load, load } from "../load.ts";
import type { WebPeer } from "../peers/web-peer.ts";
import type { Goal, Row } from "../table.ts";

const RAMP = 4_000;
const LOOP_RAMP = 500;
const LOOP = 2_000;

interface Case {
  readonly clients: number;
  /** Milliseconds of the measured time. */
  readonly measured: number;
}

/** The case that is judged, and the one it is compared with. */
const JUDGED = 8;
const COMPARED = 2;

const CASES: readonly Case[] = [
  { clients: 1, measured: 4_000 },
  { clients: COMPARED, measured: 6_000 },
  { clients: JUDGED, measured: 10_000 },
  { clients: 32, measured: 6_000 },
];

interface Measured extends Case {
  readonly own: Load;
  readonly hono: Load | undefined;
  /** Containers that the engine started in the measured time. */
  readonly starts: number;
}

/**
 * Measures one deployed function with more and more clients. Reference: a route of Hono on Node.js
 * that returns a constant, with as many.
 */
export async function hot(context: Context): Promise<Row[]> {
  const { server, peers } = context;
  const deployment = { code: "export default (x) => x * 2" };
  const { status } = await server.client.put("/functions/hot", deployment);
  if (status !== 201) throw new Error(`PUT /functions/hot: ${status}`);
  const hono = (await peers.get("Hono")) as WebPeer | undefined;
  const all: Measured[] = [];
  for (const each of CASES) all.push(await measure(context, each, hono?.origin));
  return all.flatMap((each) => rowsOf(each, all));
}

async function measure(
  { server, docker, signal }: Context,
  { clients, measured }: Case,
  hono: string | undefined,
): Promise<Measured> {
  await server.quiet();
  const starts = await countStarts(docker, server.runDirectory);
  let before = 0;
  try {
    const own = await load({
      origin: server.origin,
      clients,
      ramp: RAMP,
      measured,
      signal,
      shot: () => ({ path: "/functions/hot/invoke", body: { input: 21 }, expected: EXPECTED }),
      onSteady: () => {
        before = starts.count();
      },
    });
    const started = starts.count() - before;
    await server.quiet();
    const shot = () => ({ path: "/", body: { input: 21 }, expected: EXPECTED });
    const times = { ramp: LOOP_RAMP, measured: LOOP };
    const plain = hono && (await load({ origin: hono, clients, ...times, shot, signal }));
    return { clients, measured, own, hono: plain || undefined, starts: started };
  } finally {
    starts.stop();
  }
}

function rowsOf({ clients, measured, own, hono, starts }: Measured, all: readonly Measured[]) {
  const isJudged = clients === JUDGED;
  const fewer = all.find((each) => each.clients === COMPARED)?.own.perSecond ?? Number.NaN;
  const work = `a function, ${clients} ${clients === 1 ? "client" : "clients"}`;
  const most = (must: number): { goal?: Goal } =>
    isJudged ? { goal: { of: "value", better: "lower", must } } : {};
  const rows: Row[] = [
    {
      work,
      unit: "/s",
      values: [own.perSecond],
      ...(hono && { reference: { name: "Hono's constant", values: [hono.perSecond] } }),
    },
    {
      work: `${work} (p95)`,
      unit: "ms",
      values: own.latencies,
      at: 0.95,
      ...(hono && { reference: { name: "Hono's constant", values: hono.latencies } }),
      ...most(25),
    },
    {
      work: `${work}, containers started in ${measured / 1_000} s`,
      unit: "",
      values: [starts],
      ...most(2),
    },
    { work: `${work}, refused`, unit: "", values: [own.refused], ...most(0) },
  ];
  if (isJudged) {
    rows.push({
      work,
      unit: "/s",
      values: [own.perSecond],
      reference: { name: `${COMPARED} clients`, values: [fewer] },
      goal: { of: "ratio", better: "higher", must: 1.2 },
    });
  }
  return rows;
}
