/** Tests executions of a tenant that share a container, and what each could find of the one before. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { DockerSupervisor } from "../../src/engines/container/docker-supervisor.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { CONTRACT_POOL } from "../contract/engine-contract.ts";
import { tenantReuseContract } from "../contract/tenant-reuse-contract.ts";
import { docker, runtime } from "../helpers/containers.ts";
import { Cleanup } from "../helpers/egress.ts";
import { Runners } from "../helpers/runners.ts";

const cleanup = new Cleanup();
const runners = new Runners();
cleanup.add(() => runners.close());
afterAll(() => cleanup.run());

tenantReuseContract(
  "container",
  async ({ leftOut, view, open } = {}, pool = {}) => {
    const directory = await mkdtemp(join(tmpdir(), "isolate-"));
    const instance = await Instance.create(directory);
    const { bundle, codeCaches } = await runners.get(open ? "inherit" : "none", leftOut);
    const supervisor = new DockerSupervisor({
      docker,
      runtime,
      instance,
      view,
      reach: { env: "any", net: false, read: ["/tmp"], write: ["/tmp"], sys: true },
      bundle,
      codeCaches,
      pool: { ...CONTRACT_POOL, ...pool, onError: console.error },
      log: () => {},
    });
    await supervisor.prepared();
    const { engine } = supervisor;
    engine.prewarm();
    cleanup.add(async () => {
      await instance.close();
      await rm(directory, { recursive: true });
    });
    return engine;
  },
  true,
);
