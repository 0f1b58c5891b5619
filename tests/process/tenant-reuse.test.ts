/** Tests executions of a tenant that share a process, and what each could find of the one before. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { DenoProcessLauncher } from "../../src/engines/deno-process/launcher.ts";
import { PooledEngine } from "../../src/engines/run/pooled-engine.ts";
import { CONTRACT_POOL, job, PROFILE, until } from "../contract/engine-contract.ts";
import { tenantReuseContract, type Weaker } from "../contract/tenant-reuse-contract.ts";
import { LEAVING } from "../helpers/leaving.ts";
import { Runners } from "../helpers/runners.ts";
import { SOAK, soakTimes } from "../helpers/soak.ts";

const runners = new Runners();
const directories: string[] = [];
afterAll(async () => {
  await runners.close();
  for (const directory of directories) await rm(directory, { recursive: true });
});

async function open(
  { leftOut, view, open: isOpen }: Weaker = {},
  pool: object = {},
): Promise<PooledEngine> {
  const directory = await mkdtemp(join(tmpdir(), "isolate-"));
  directories.push(directory);
  const runner = await runners.get(isOpen ? "inherit" : "none", leftOut);
  const launcher = new DenoProcessLauncher({
    instanceDirectory: directory,
    runnerDirectory: runner.directory,
    codeCaches: runner.codeCaches,
    reach: { env: ["LEFT", "OTHER"], net: false, read: [], write: [], sys: true },
    ...(view && { view }),
  });
  const engine = new PooledEngine(launcher, { ...CONTRACT_POOL, ...pool, onError: console.error });
  engine.prewarm();
  return engine;
}

tenantReuseContract("process", open, false);

it("accumulates nothing over many executions of many clients", {
  timeout: SOAK ? 3_600_000 : 120_000,
}, async () => {
  const engine = await open({}, { min: 1, max: 3, maxWaiting: 100 });
  const times = SOAK ? soakTimes(10_000) : 60;
  let begun = 0;
  const fresh: unknown[] = [];
  const client = async (): Promise<void> => {
    while (begun < times) {
      begun += 1;
      const n = begun;
      const outcome = await engine.execute(job(LEAVING[n % LEAVING.length] as string, n), {
        profile: PROFILE,
        timeout: 60_000,
        // Longer than a busy machine needs for the others: nobody may be refused.
        queueTimeout: 600_000,
        reuse: { key: "soak", scope: "tenant" },
      });
      expect([outcome.status, outcome.result]).toEqual(["ok", n]);
      fresh.push(outcome.usage?.fresh);
      if (SOAK && fresh.length % 1_000 === 0) console.log(`${fresh.length} executions`);
    }
  };
  try {
    // Nobody is refused, although there are many more clients than sandboxes.
    await Promise.all(Array.from({ length: 50 }, client));
    await until(() => engine.status().leased === 0);
    const { warm, kept, starting } = engine.status();
    expect(warm + kept + starting).toBeLessThanOrEqual(3);
    const started = fresh.filter((what) => what === "container").length;
    expect(started).toBeLessThan(times / 4);
  } finally {
    await engine.close();
  }
});
