import { type Context, EXPECTED, uniqueExpression, uniqueRequest } from "../context.ts";
import { type Load, load, loop } from "../load.ts";
import type { Peer } from "../peers/peer.ts";
import type { Goal, Row } from "../table.ts";

const ROUNDS = 2;
const RAMP = 2_000;
const MEASURED = 5_000;
const LOOP = 3_000;
/** Number of bare Workers at once, which two cores serve fastest. */
const WORKERS = 3;
/** Milliseconds that code may take, which does not include a wait. */
const TIMEOUT = 3_000;
const P95 = 0.95;

interface Case {
  readonly clients: number;
  readonly level: "container" | "isolated";
  readonly rate?: Goal;
  readonly p95?: Goal;
  readonly refused?: Goal;
}

const NONE = { of: "value", better: "lower", must: 0 } as const;

const CASES: readonly Case[] = [
  { clients: 1, level: "container", refused: NONE },
  {
    clients: 4,
    level: "container",
    rate: { of: "ratio", better: "higher", must: 0.7, aim: 1 },
    p95: { of: "value", better: "lower", must: 80 },
    refused: NONE,
  },
  { clients: 50, level: "container", refused: NONE },
  { clients: 4, level: "isolated" },
];

/**
 * Measures executions of one tenant's ever new code in sandboxes that its earlier code has used.
 * Reference, in turns: bare Workers in one Deno process, three at a time.
 */
export async function tenantReuse(context: Context): Promise<Row[]> {
  const bare = await context.peers.get("bare Deno Worker");
  const rates: number[] = [];
  const loads = new Map<Case, Load[]>(CASES.map((each) => [each, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [each, all] of loads) all.push(await executions(context, each));
    await context.server.quiet();
    if (bare !== undefined) rates.push(await workers(context, bare));
  }
  return [...loads].flatMap(([each, all]) => rowsOf(each, all, rates));
}

async function executions({ server, signal }: Context, { clients, level }: Case): Promise<Load> {
  await server.quiet();
  const shot = () => ({
    path: "/execute",
    body: { ...uniqueRequest(TIMEOUT), sandbox: level, reuse: "tenant" },
    expected: EXPECTED,
  });
  return load({ origin: server.origin, clients, ramp: RAMP, measured: MEASURED, shot, signal });
}

/** Returns the Workers a second. */
export function workers({ signal }: Context, bare: Peer): Promise<number> {
  const work = (): Promise<number> =>
    bare.run(`export default ${uniqueExpression()}`, 21, EXPECTED);
  return loop(WORKERS, LOOP, work, signal);
}

function rowsOf(
  { clients, level, rate, p95, refused }: Case,
  loads: readonly Load[],
  rates: readonly number[],
): Row[] {
  const work = `reuse for a tenant, ${level}, ${clients} ${clients === 1 ? "client" : "clients"}`;
  return [
    {
      work,
      unit: "/s",
      values: loads.map(({ perSecond }) => perSecond),
      ...(rates.length > 0 && {
        reference: { name: `bare Deno Worker, ${WORKERS} at a time`, values: rates },
      }),
      ...(rate && { goal: rate }),
    },
    {
      work: `${work} (p95)`,
      unit: "ms",
      values: loads.flatMap(({ latencies }) => latencies),
      at: P95,
      ...(p95 && { goal: p95 }),
    },
    {
      work: `${work}, refused`,
      unit: "",
      values: [loads.reduce((sum, each) => sum + each.refused, 0)],
      ...(refused && { goal: refused }),
    },
  ];
}
