import { setTimeout as sleep } from "node:timers/promises";
import { BareWorker } from "../bare-worker.ts";
import {
  type Context,
  EXPECTED,
  rounds,
  share,
  uniqueExpression,
  uniqueRequest,
} from "../context.ts";
import type { Row } from "../table.ts";

const WARM_UP = 3;
/** Milliseconds for the work that a terminated worker leaves behind. */
const BREATH = 50;

interface Samples {
  readonly warm: number[];
  readonly worker: number[];
  readonly run: number[];
}

/** Measures single requests to a server with warm sandboxes. References: two ways without it. */
export async function warm(context: Context): Promise<Row[]> {
  const worker = new BareWorker(context.scratch);
  try {
    // The first samples compile code, fill caches and open connections on all sides.
    for (let round = 0; round < WARM_UP; round += 1) await sample(context, worker, round === 0);
    return toRows(await collect(context, worker));
  } finally {
    await worker.stop();
  }
}

async function collect(context: Context, worker: BareWorker): Promise<Samples> {
  const samples: Samples = { warm: [], worker: [], run: [] };
  const every = Math.max(1, Math.floor(context.samples / share(context, 1 / 8)));
  for (const round of rounds(context, context.samples, 60)) {
    const one = await sample(context, worker, round % every === 0);
    samples.warm.push(one.warm);
    samples.worker.push(one.worker);
    if (one.run !== undefined) samples.run.push(one.run);
  }
  return samples;
}

async function sample({ server, plain, signal }: Context, worker: BareWorker, withRun: boolean) {
  await server.quiet();
  let run: number | undefined;
  if (withRun) {
    const code = `console.log((${uniqueExpression()})(21))`;
    run = await plain.dockerRun(code, String(EXPECTED));
    await server.quiet();
  }
  // The worker runs first, because after the request the server starts the next sandbox.
  const bare = await worker.run(uniqueExpression(), 21, EXPECTED);
  await sleep(BREATH, undefined, { signal });
  const { ms } = await server.execute(uniqueRequest(), EXPECTED);
  return { warm: ms, worker: bare, run };
}

function toRows({ warm: values, worker, run }: Samples): Row[] {
  const work = "execute, warm";
  return [
    {
      work,
      unit: "ms",
      values,
      reference: { name: "bare worker", values: worker },
      goal: { of: "ratio", better: "lower", must: 0.45, aim: 0.2 },
    },
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
