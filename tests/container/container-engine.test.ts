import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { readRunner, writeRunner } from "../../src/deno/runner.ts";
import { CodeCaches } from "../../src/engines/code-cache/code-caches.ts";
import { DockerSupervisor } from "../../src/engines/container/docker-supervisor.ts";
import type { Engine } from "../../src/engines/contract/contract.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { ATTACHMENTS } from "../contract/attachment-cases.ts";
import { callContract } from "../contract/call-contract.ts";
import type { Case } from "../contract/cases.ts";
import { channelContract } from "../contract/channel-contract.ts";
import { clockContract } from "../contract/clock-contract.ts";
import { STREAMS } from "../contract/console-cases.ts";
import { CONTRACT_POOL, engineContract } from "../contract/engine-contract.ts";
import { errorContract } from "../contract/error-contract.ts";
import { httpContract } from "../contract/http-contract.ts";
import { reuseContract } from "../contract/reuse-contract.ts";
import { RUNTIME } from "../contract/runtime-cases.ts";
import { tenantContract } from "../contract/tenant-contract.ts";
import { usageContract } from "../contract/usage-contract.ts";
import { docker, runtime } from "../helpers/containers.ts";

const instances: Instance[] = [];
let directory: string;
/** Made while the first cases run, and used by all that follow. */
let codeCaches: CodeCaches;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  const runnerDirectory = join(directory, "runner");
  await writeRunner(await readRunner(), runnerDirectory);
  const onError = console.error;
  codeCaches = new CodeCaches({ instanceDirectory: directory, runnerDirectory, onError });
});
afterAll(async () => {
  await codeCaches.close();
  for (const instance of instances) await instance.close();
  await rm(directory, { recursive: true });
});

async function open(pool: object = {}): Promise<Engine> {
  const instance = await Instance.create(directory);
  instances.push(instance);
  const supervisor = new DockerSupervisor({
    docker,
    runtime,
    instance,
    bundle: await readRunner(),
    codeCaches,
    pool: { ...CONTRACT_POOL, ...pool, onError: console.error },
    log: () => {},
  });
  supervisor.engine.prewarm();
  await supervisor.prepared();
  return supervisor.engine;
}

/** Cases that try what a container is, or what passes its walls. Processes run the others by the same runner. */
const OWN = new Set<Case>([...STREAMS, ...ATTACHMENTS, ...RUNTIME]);
const isOwn = (item: Case): boolean => OWN.has(item) || item.code.length > 1_000_000;

const sampled = true;
engineContract("container", open, { elsewhere: (item) => !isOwn(item), shared: true, sampled });
errorContract("container", open, { sampled });
clockContract("container", open, { sampled });
callContract("container", open, { sampled });
channelContract("container", open, { shared: true, sampled });
httpContract("container", open, { shared: true, sampled });
reuseContract("container", open, { sampled });
tenantContract("container", open, { sampled });
usageContract("container", open, { sampled });
