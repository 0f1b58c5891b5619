import { setTimeout as sleep } from "node:timers/promises";
import { type Context, EXPECTED, rounds, share, uniqueRequest } from "../context.ts";
import type { Client } from "../http.ts";
import { together } from "../stats.ts";
import type { Row } from "../table.ts";
import { TenantServer } from "../tenants.ts";

const NOISY_CLIENTS = 20;
/** Pause between requests of the quiet tenant, so that it needs less than its share of starts. */
const GAP = 600;
/** Time after which the sandboxes that were warm at first are used up. */
const RAMP = 2_000;
const PATIENCE = 30_000;
/** Milliseconds of processor time of the longer request, on an idle machine. */
const COMPUTING = 100;
const LOOP = "for (let i = 0; i < x; i += 1) h = (h * 31 + i) | 0;";

interface Samples {
  readonly trivial: number[];
  readonly computing: number[];
}

/** Measures a tenant with few requests, alone and beside a tenant that floods the server. */
export async function fairness(context: Context): Promise<Row[]> {
  const server = await TenantServer.start(context, "fairness");
  try {
    const [quiet, noisy] = [await server.tenant("quiet"), await server.tenant("noisy")];
    const loops = await calibrate(quiet);
    const alone = await sample(context, quiet, loops);
    const beside = await beneathFlood(context, noisy, () => sample(context, quiet, loops));
    return [
      row("trivial", beside.trivial, alone.trivial),
      row(`${COMPUTING} ms of computing`, beside.computing, alone.computing),
    ];
  } finally {
    await server.stop();
  }
}

async function beneathFlood<T>(
  { signal }: Context,
  noisy: Client,
  work: () => Promise<T>,
): Promise<T> {
  let over = false;
  const flood = together(NOISY_CLIENTS, async () => {
    while (!over && !signal.aborted) await noisy.execute(uniqueRequest(PATIENCE), EXPECTED);
  });
  try {
    await sleep(RAMP, undefined, { signal });
    return await work();
  } finally {
    over = true;
    await flood;
  }
}

async function sample(context: Context, quiet: Client, loops: number): Promise<Samples> {
  const samples: Samples = { trivial: [], computing: [] };
  for (const _ of rounds(context, share(context, 1), 80)) {
    await sleep(GAP, undefined, { signal: context.signal });
    samples.trivial.push((await quiet.execute(uniqueRequest(PATIENCE), EXPECTED)).ms);
    await sleep(GAP, undefined, { signal: context.signal });
    samples.computing.push((await quiet.execute(computing(loops), EXPECTED)).ms);
  }
  return samples;
}

/** Finds the number of loops for that time. */
async function calibrate(quiet: Client): Promise<number> {
  const code = `export default (x) => {
    let h = 0;
    const started = performance.now();
    ${LOOP}
    return x * ${COMPUTING} / (performance.now() - started) + (h & 0);
  }`;
  const request = { code, input: 10_000_000, timeout: PATIENCE };
  const { body } = await quiet.post("/execute", request);
  const { result } = body as { result?: number };
  if (typeof result !== "number") throw new Error(`No calibration: ${JSON.stringify(body)}`);
  return Math.round(result);
}

/**
 * Makes a request with a fixed amount of work, so that a smaller share of a processor takes longer.
 */
function computing(loops: number): object {
  const code = `export default (x) => { let h = 0; ${LOOP} return ${EXPECTED} + (h & 0); }`;
  return { code, input: loops, timeout: PATIENCE };
}

function row(what: string, values: readonly number[], alone: readonly number[]): Row {
  return {
    work: `${what}, beside ${NOISY_CLIENTS} clients of another tenant (p99)`,
    unit: "ms",
    values,
    at: 0.99,
    reference: { name: "without them", values: alone },
    goal: { of: "ratio", better: "lower", must: 2 },
  };
}
