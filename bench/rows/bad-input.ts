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
}

/**
 * Measures a tenant with few requests, alone and beside a tenant whose code leaves everything
 * behind.
 */
export async function badInput(context: Context): Promise<Row[]> {
  const server = await TenantServer.start(context, "bad-input");
  try {
    const [neighbour, bad] = [await server.tenant("neighbour"), await server.tenant("bad")];
    const alone: Samples = { fresh: [], reused: [] };
    for (const _ of rounds(context, share(context, 1.5), 40))
      await sample(context, neighbour, alone);
    const beside: Samples = { fresh: [], reused: [] };
    const served = await beneath(context, bad, () => sample(context, neighbour, beside));
    return [
      row("one-shot", beside.fresh, alone.fresh),
      row("reuse for a tenant", beside.reused, alone.reused),
      { work: "answers of the bad tenant's that ran", unit: "", values: [served] },
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
  const send = async (n: number): Promise<number> =>
    (await bad.post("/execute", badRequest(n))).status;
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
  await sleep(GAP, undefined, { signal });
  into.fresh.push((await neighbour.execute(uniqueRequest(PATIENCE), EXPECTED)).ms);
  await sleep(GAP, undefined, { signal });
  const reused = { ...uniqueRequest(PATIENCE), reuse: "tenant" };
  into.reused.push((await neighbour.execute(reused, EXPECTED)).ms);
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
