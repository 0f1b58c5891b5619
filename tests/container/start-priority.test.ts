/** Tests the weight of containers while they start, and afterwards. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Label } from "../../src/engines/container/flags.ts";
import type { ContainerLauncher } from "../../src/engines/container/launcher.ts";
import type { Sandbox } from "../../src/engines/contract/contract.ts";
import { job, PROFILE } from "../contract/engine-contract.ts";
import { docker } from "../helpers/containers.ts";
import { containerLauncher, type TestLauncher } from "../helpers/launchers.ts";

let stage: TestLauncher<ContainerLauncher>;
let launcher: ContainerLauncher;
beforeAll(async () => {
  stage = await containerLauncher();
  ({ launcher } = stage);
});
afterAll(async () => {
  await launcher.close();
  await stage.remove();
});

/** Returns the weight at which a sandbox was created, and the one the kernel has now. */
async function weights({ id }: Sandbox): Promise<{ created: number; now: number | undefined }> {
  const [found] = await docker.listContainers({ filters: { label: [`${Label.slot}=${id}`] } });
  const { HostConfig, State } = await docker.getContainer(found?.Id ?? "").inspect();
  const lines = (await readFile(`/proc/${State.Pid}/cgroup`, "utf8")).trim().split("\n");
  const path = (controller: RegExp) =>
    lines
      .find((line) => controller.test(line))
      ?.split(":")
      .slice(2)
      .join(":");
  const [v1, v2] = [path(/^\d+:[^:]*\bcpu\b[^:]*:/), path(/^0::/)];
  const files = [
    [`/sys/fs/cgroup/cpu${v1}/cpu.shares`, 1_024],
    [`/sys/fs/cgroup${v2}/cpu.weight`, 100],
  ] as const;
  const [file, usual] = files.find(([name]) => existsSync(name)) ?? [undefined, 1];
  const now = file && Number(await readFile(file, "utf8")) / usual;
  return { created: HostConfig.CpuShares ?? 0, now };
}

it("is low while nobody waits, and the usual one as soon as it can be lent", async () => {
  // The first one shows where control groups are.
  const first = await launcher.launch(PROFILE);
  expect(await weights(first)).toMatchObject({ created: 0, now: 1 });
  const [quiet, hurried] = await Promise.all([
    launcher.launch(PROFILE),
    launcher.launch(PROFILE, undefined, true),
  ]);
  expect(await weights(quiet)).toEqual({ created: 102, now: 1 });
  expect(await weights(hurried)).toEqual({ created: 0, now: 1 });
  const ending = await quiet.run(job("export default () => 1"), { onLog: () => {} }, 20_000);
  expect(ending).toMatchObject({ type: "result", text: "1" });
  await Promise.all([first, quiet, hurried].map((sandbox) => sandbox.destroy()));
});
