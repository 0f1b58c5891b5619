/** Tests how much a container may compute while it is kept and idle. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRunner } from "../../src/deno/runner.ts";
import { Cgroups } from "../../src/engines/container/cgroup.ts";
import { Label } from "../../src/engines/container/flags.ts";
import { ContainerLauncher } from "../../src/engines/container/launcher.ts";
import { ensureRunnerImage } from "../../src/engines/container/runner-image.ts";
import type { Ending, Sandbox } from "../../src/engines/contract/contract.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { job, PROFILE, until } from "../contract/engine-contract.ts";
import { docker, runtime } from "../helpers/containers.ts";

/** Code that computes without a pause after its first answer, and never ends. */
const SPIN = `let calls = 0;
  const spin = () => {
    for (const end = performance.now() + 20; performance.now() < end; );
    if (calls === 1) setTimeout(spin, 0);
  };
  export default () => { calls += 1; if (calls === 1) setTimeout(spin, 1); return calls; }`;
const WATCHED = 2_000;

describe.each([
  ["by its control group", undefined],
  ["by the engine, where no control group is to be seen", "/nonexistent"],
])("a container that is kept, held %s", (_how, cgroups) => {
  let directory: string;
  let instance: Instance;
  let launcher: ContainerLauncher;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "isolate-"));
    instance = await Instance.create(directory);
    const name = await ensureRunnerImage(docker, await readRunner(), () => {});
    launcher = new ContainerLauncher({ docker, runtime, instance, image: () => name, cgroups });
  });
  afterAll(async () => {
    await launcher.close();
    await instance.close();
    await rm(directory, { recursive: true });
  });

  /** Returns a reader of a sandbox's processor time in milliseconds, from the kernel. */
  async function gaugeOf(sandbox: Sandbox): Promise<() => number> {
    const filters = { label: [`${Label.slot}=${sandbox.id}`] };
    const [found] = await docker.listContainers({ filters });
    const container = docker.getContainer(found?.Id ?? "");
    const pidOf = async () => (await container.inspect()).State.Pid;
    const gauge = await new Cgroups().gauge(container.id, pidOf);
    return () => Number(gauge?.cpu());
  }
  const call = (sandbox: Sandbox): Promise<Ending> =>
    sandbox.run({ ...job(SPIN), reuse: true }, { onLog: () => {} }, 20_000);

  it("computes next to nothing, answers, is called again, and is soon gone", async () => {
    const sandbox = await launcher.launch(PROFILE);
    const used = await gaugeOf(sandbox);
    expect(await call(sandbox)).toMatchObject({ type: "result", text: "1" });
    sandbox.idle?.();
    let before = used();
    // Waits until the sandbox is throttled.
    await until(async () => {
      const last = before;
      await sleep(500);
      before = used();
      return before - last < 50;
    });
    await sleep(WATCHED);
    expect(used() - before).toBeLessThan(0.02 * WATCHED + 20);
    await sandbox.ping(2_000);
    expect(await call(sandbox)).toMatchObject({ type: "result", text: "2" });
    await sandbox.destroy();
  });

  it("is soon gone while it is held", async () => {
    const sandbox = await launcher.launch(PROFILE);
    await call(sandbox);
    sandbox.idle?.();
    await sleep(2_000);
    const started = performance.now();
    await sandbox.destroy();
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(launcher.slots.size).toBe(1);
  });
});
