import { setTimeout as sleep } from "node:timers/promises";
import { badRequest, sendSteadily } from "../../dev/bad-tenant.ts";
import { type Context, EXPECTED, rounds, share, uniqueRequest } from "../context.ts";
import type { Client } from "../http.ts";
import type { Row } from "../table.ts";
import { TenantServer } from "../tenants.ts";

const PER_SECOND = 100;
/** Milliseconds of the bad tenant's requests. Those before the ramp is over are not measured. */
const LASTS = 60_000;
const RAMP = 3_000;
/** Milliseconds from one request of the neighbour to the next. */
const GAP = 250;
const PATIENCE = 30_000;

interface Samples {
  readonly fresh: number[];
  readonly reused: number[];
  /** Requests of the neighbour that had no result, one entry each. */
  readonly failed: string[];
}

function noSamples(): Samples {
  return { fresh: [], reused: [], failed: [] };
}

/**
 * Measures a tenant with few requests, alone and beside a tenant whose code leaves everything
 * behind.
 */
export async function badInput(context: Context): Promise<Row[]> {
  const server = await TenantServer.start(context, "bad-input");
  try {
    const [neighbour, bad] = [await server.tenant("neighbour"), await server.tenant("bad")];
    const alone = noSamples();
    for (const _ of rounds(context, share(context, 1.5), 40))
      await sample(context, neighbour, alone);
    const beside = noSamples();
    const served = await beneath(context, bad, () => sample(context, neighbour, beside));
    return [
      row("one-shot", beside.fresh, alone.fresh),
      row("reuse for a tenant", beside.reused, alone.reused),
      {
        work: "requests of its neighbour that had no result",
        unit: "",
        values: [beside.failed.length],
        goal: { of: "value", better: "lower", must: 0 },
      },
      { work: "requests of the bad tenant that ran", unit: "", values: [served] },
    ];
  } finally {
    await server.stop();
  }
}

/** Does work again and again beside the bad tenant. Returns how many of its requests were served. */
async function beneath(
  { signal }: Context,
  bad: Client,
  work: () => Promise<void>,
): Promise<number> {
  let over = false;
  // A request that is lost is the bad tenant's own affair.
  const send = (n: number): Promise<number> =>
    bad.post("/execute", badRequest(n)).then(
      ({ status }) => status,
      () => 0,
    );
  const answers = sendSteadily(send, { perSecond: PER_SECOND, ms: LASTS, signal }).finally(() => {
    over = true;
  });
  // A failure is thrown below, once the work has ended.
  answers.catch(() => {});
  await sleep(RAMP, undefined, { signal });
  while (!over && !signal.aborted) await work();
  return (await answers).statuses.get(200) ?? 0;
}

async function sample({ signal }: Context, neighbour: Client, into: Samples): Promise<void> {
  for (const kind of ["fresh", "reused"] as const) {
    await sleep(GAP, undefined, { signal });
    const request = uniqueRequest(PATIENCE);
    const started = performance.now();
    try {
      const reuse = kind === "fresh" ? "never" : "tenant";
      await neighbour.execute({ ...request, reuse }, EXPECTED);
    } catch (error) {
      if (signal.aborted) throw error;
      into.failed.push(String(error));
    }
    // One without a result counts by its time, since leaving it out would flatter.
    into[kind].push(performance.now() - started);
  }
}

function row(what: string, values: readonly number[], alone: readonly number[]): Row {
  return {
    work: `${what}, beside a tenant that leaves everything behind (p99)`,
    unit: "ms",
    values,
    at: 0.99,
    reference: { name: "without it", values: alone },
    goal: { of: "ratio", better: "lower", must: 2 },
  };
}
