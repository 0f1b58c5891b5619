import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { config } from "../../src/config/config.ts";
import { createEngines } from "../../src/engines/create.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import { type Context, EXPECTED, rounds, share, uniqueExpression } from "../context.ts";
import type { Row } from "../table.ts";

const LEVELS = ["isolated", "container"] as const;
type Level = (typeof LEVELS)[number];

/** Most that a grant may cost, as a multiple. A container asks the proxy for it, twice. */
const MOST: Readonly<Record<Level, number>> = { isolated: 2, container: 4 };

const HOSTS = ["a.example.com", "b.example.com"] as const;
/** Rounds that are not measured. The first one is the first use of both grants. */
const WARM_UP = 2;
const POLL = 10;
/** Milliseconds of the work that goes on for used sandboxes after their end. */
const SETTLE = 120;

/** Executes in one level, from the kernel on. */
interface Site {
  /** Returns the milliseconds of an execution that is granted a host, or nothing. */
  sample(host?: string): Promise<number>;
  close(): Promise<void>;
}

/**
 * Measures executions of which each is granted the other host than the one before, at each level.
 * Reference: the same code without a grant, in the same rounds.
 */
export async function grants(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  for (const level of LEVELS) rows.push(...(await measure(context, level)));
  return rows;
}

async function measure(context: Context, level: Level): Promise<Row[]> {
  const site = await open(context, level);
  const granted: number[] = [];
  const plain: number[] = [];
  try {
    for (let round = 0; round < WARM_UP; round += 1) {
      for (const host of HOSTS) await site.sample(host);
    }
    for (const _ of rounds(context, share(context, 1 / 2), 30)) {
      for (const host of HOSTS) {
        plain.push(await site.sample());
        granted.push(await site.sample(host));
      }
    }
  } finally {
    await site.close();
  }
  return [
    {
      work: `two grants by turns, ${level}`,
      unit: "ms",
      values: granted,
      reference: { name: "the same without", values: plain },
      goal: { of: "ratio", better: "lower", must: MOST[level] },
    },
    {
      work: `a grant by turns, beyond the same without, ${level}`,
      unit: "ms",
      values: granted.map((ms, at) => ms - (plain[at] ?? 0)),
      goal: { of: "value", better: "lower", must: 6 },
    },
  ];
}

async function open({ scratch, signal }: Context, level: Level): Promise<Site> {
  const instance = await Instance.create(join(scratch, `grants-${level}`));
  const settings = config({ sandbox: level, isolatedNet: true });
  const containers = level === "container" ? {} : null;
  const log = (): void => {};
  const { engines, prepared } = await createEngines({
    config: settings,
    instance,
    containers,
    log,
  });
  const kernel = new Kernel({ config: settings, engines });
  const engine = engines.find((each) => each.level === level);
  engine?.prewarm();
  await prepared();
  const atRest = async (): Promise<void> => {
    for (let busy = true; busy; ) {
      await sleep(POLL, undefined, { signal });
      const { starting, leased, warm } = engine?.status() ?? {};
      busy = starting !== 0 || leased !== 0 || warm === 0;
    }
    await sleep(SETTLE, undefined, { signal });
  };
  return {
    async sample(host) {
      await atRest();
      const permissions = host === undefined ? {} : { net: [host] };
      const code = `export default ${uniqueExpression()}`;
      const started = performance.now();
      const output = await kernel.execute({ code, input: 21, permissions, timeout: 10_000 });
      const took = performance.now() - started;
      if (!output.ok || output.result !== EXPECTED) throw new Error(JSON.stringify(output));
      return took;
    },
    async close() {
      await kernel.close();
      await instance.close();
    },
  };
}
