import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createIsolate } from "../../src/isolate.ts";
import type { IsolatePlugin } from "../../src/plugins/plugin.ts";
import { type Context, EXPECTED } from "../context.ts";
import type { Row } from "../table.ts";

const ROUNDS = 300;
const WARM_UP = 50;
/** Milliseconds until the next realm exists, as the next sandbox does in the other rows. */
const BREATH = 4;

const code = "export default (x) => x * 2";
const direct = (x: number): number => x * 2;

/**
 * Measures the cost of an execution at level none beyond a direct call of the same function. A
 * second row has the part of kernel and plugins. The rest is the realm, and the thread that
 * interrupts it.
 */
export async function kernel({ scratch, signal }: Context): Promise<Row[]> {
  const runDirectory = join(scratch, "library");
  const inner: number[] = [];
  const engine = stopwatch((ms) => inner.push(ms));
  const settings = { sandbox: "none", cluster: { min: 1 } } as const;
  const isolate = await createIsolate({ runDirectory, config: settings, plugins: [engine] });
  const all: number[] = [];
  try {
    for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
      await sleep(BREATH, undefined, { signal });
      const started = performance.now();
      const { result } = await isolate.execute({ code, input: 21 });
      const answered = performance.now();
      const called = await direct(21);
      const returned = performance.now();
      if (result !== EXPECTED || called !== EXPECTED) throw new Error(`The result is ${result}`);
      all.push(answered - started - (returned - answered));
    }
  } finally {
    await isolate.close();
  }
  const own = all.map((ms, round) => ms - (inner[round] ?? 0));
  return [row("level none, beyond a direct call", all), row("of it kernel and plugins", own)];
}

/** Makes the innermost plugin. It measures the time outside of kernel and plugins. */
function stopwatch(onTime: (ms: number) => void): IsolatePlugin {
  return {
    name: "stopwatch",
    setup(api) {
      api.onExecute.tap(async (_context, next) => {
        const started = performance.now();
        const output = await next();
        onTime(performance.now() - started);
        return output;
      });
    },
  };
}

function row(work: string, values: readonly number[]): Row {
  const goal = { of: "value", better: "lower", must: 0.3 } as const;
  return { work, unit: "ms", values: values.slice(WARM_UP), goal };
}
