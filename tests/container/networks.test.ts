import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Label } from "../../src/engines/container/flags.ts";
import type { ContainerLauncher } from "../../src/engines/container/launcher.ts";
import type { Sandbox } from "../../src/engines/contract/contract.ts";
import { PROFILE } from "../contract/engine-contract.ts";
import { containersOf, docker } from "../helpers/containers.ts";
import { containerLauncher, type TestLauncher } from "../helpers/launchers.ts";

describe("network namespaces", () => {
  let stage: TestLauncher<ContainerLauncher>;
  let directory: string;
  let launcher: ContainerLauncher;
  beforeAll(async () => {
    stage = await containerLauncher();
    ({ directory, launcher } = stage);
  });
  afterAll(async () => {
    await launcher.networks.close();
    expect(await containersOf(directory)).toEqual([]);
    await stage.remove();
  });

  async function networkOf(sandbox: Sandbox): Promise<string> {
    const filters = { label: [`${Label.slot}=${sandbox.id}`] };
    const [container] = await docker.listContainers({ filters });
    return container?.HostConfig.NetworkMode ?? "";
  }

  it("go from one sandbox to the next, and are never shared", async () => {
    const [first, second] = await Promise.all([launcher.launch(PROFILE), launcher.launch(PROFILE)]);
    const used = [await networkOf(first), await networkOf(second)];
    expect(used[0]).toMatch(/^container:[0-9a-f]{64}$/);
    expect(new Set(used).size).toBe(2);
    await first.destroy();
    const third = await launcher.launch(PROFILE);
    expect(await networkOf(third)).toBe(used[0]);
    await Promise.all([second.destroy(), third.destroy()]);
    expect(await containersOf(directory, "network")).toHaveLength(2);
    expect(await containersOf(directory, "sandbox")).toEqual([]);
  });

  it("are made anew when one is gone", async () => {
    for (const id of await containersOf(directory, "network")) {
      await docker.getContainer(id).remove({ force: true });
    }
    const sandbox = await launcher.launch(PROFILE);
    await sandbox.destroy();
    expect(launcher.slots.size).toBe(1);
  });

  it("are held by a program that does nothing", async () => {
    const [id] = await containersOf(directory, "network");
    const { State } = await docker.getContainer(id ?? "").inspect();
    const stats = await docker.getContainer(id ?? "").stats({ stream: false });
    expect(State.Running).toBe(true);
    expect(stats.cpu_stats.cpu_usage.total_usage).toBeLessThan(200_000_000);
    expect(stats.memory_stats.usage).toBeLessThan(4_000_000);
  });
});
