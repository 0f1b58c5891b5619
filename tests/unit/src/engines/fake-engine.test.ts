import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import type { Engine } from "../../../../src/engines/contract/contract.ts";
import { PooledEngine } from "../../../../src/engines/run/pooled-engine.ts";
import { callContract } from "../../../contract/call-contract.ts";
import { channelContract } from "../../../contract/channel-contract.ts";
import { CONTRACT_POOL, engineContract } from "../../../contract/engine-contract.ts";
import { httpContract } from "../../../contract/http-contract.ts";
import { reuseContract } from "../../../contract/reuse-contract.ts";
import { tenantContract } from "../../../contract/tenant-contract.ts";
import { usageContract } from "../../../contract/usage-contract.ts";
import { ThreadLauncher } from "../../../fakes/thread-launcher.ts";
import { SOAK } from "../../../helpers/soak.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function open(pool: object = {}): Promise<Engine> {
  const launcher = await ThreadLauncher.create(directory);
  const engine = new PooledEngine(launcher, { ...CONTRACT_POOL, ...pool, onError: () => {} });
  engine.prewarm();
  return engine;
}

// Processes and containers run all cases for real, and the engine without a sandbox those that need no isolation.
engineContract("fake", open, { deno: false, elsewhere: () => true });
if (SOAK) {
  callContract("fake", open);
  channelContract("fake", open);
  httpContract("fake", open);
  reuseContract("fake", open);
  tenantContract("fake", open);
  usageContract("fake", open, { measures: false });
}
