/** Tests jobs without a request, as those of resource types. The kernel's end covers them, too. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { config } from "../../../../src/config/config.ts";
import { Kernel } from "../../../../src/kernel/kernel.ts";
import { OUTPUT_LIMITS } from "../../../../src/protocol/limits.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";

const JOB = {
  code: "export default () => 1",
  entry: "default",
  input: undefined,
  tools: [],
  limits: OUTPUT_LIMITS,
};
const OPTIONS = { profile: { memory: 256, cpus: 1 }, timeout: 5_000, tenant: "acme" };

function kernelThat(takes: number) {
  const engine = new RecordingEngine("container", async () => {
    await sleep(takes);
    return { result: 1 };
  });
  return { engine, kernel: new Kernel({ config: config(), engines: [engine] }) };
}

it("is run by the engine of its level", async () => {
  const { kernel, engine } = kernelThat(0);
  expect(await kernel.runJob("container", JOB, OPTIONS)).toMatchObject({ status: "ok", result: 1 });
  expect(engine.jobs).toHaveLength(1);
  await expect(kernel.runJob("isolated", JOB, OPTIONS)).rejects.toMatchObject({ status: 503 });
});

it("is waited for while the kernel closes, and refused from then on", async () => {
  const { kernel, engine } = kernelThat(200);
  let over = false;
  const running = kernel.runJob("container", JOB, OPTIONS).then((outcome) => {
    over = true;
    return outcome;
  });
  const closed = kernel.close(5_000).then(() => over);
  await expect(kernel.runJob("container", JOB, OPTIONS)).rejects.toMatchObject({
    code: "SHUTTING_DOWN",
  });
  expect(await running).toMatchObject({ status: "ok" });
  // Its engine was closed after it.
  expect(await closed).toBe(true);
  expect(engine.jobs).toHaveLength(1);
});
