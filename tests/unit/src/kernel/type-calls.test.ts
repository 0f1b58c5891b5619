/** Tests calls of resource types, which take the same path as all other executions. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { Veto } from "../../../../src/base/errors.ts";
import { config, type PartialConfig } from "../../../../src/config/config.ts";
import { Kernel } from "../../../../src/kernel/kernel.ts";
import type { IsolatePlugin } from "../../../../src/plugins/plugin.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";

const ARCHIVE = Uint8Array.of(1, 2);
const REQUEST = { code: "export default () => 1", input: { a: 1 }, sandbox: "container" } as const;
const OPTIONS = {
  tenant: { id: "acme" },
  typeCall: { attachments: [ARCHIVE], result: "rich", codeLimit: 1_000 },
} as const;

function kernelThat(takes: number, plugins: IsolatePlugin[] = [], settings: PartialConfig = {}) {
  const engine = new RecordingEngine("container", async () => {
    await sleep(takes);
    return { result: 1 };
  });
  return { engine, kernel: new Kernel({ config: config(settings), engines: [engine], plugins }) };
}

it("reaches the engine with its archive, and may have a large result", async () => {
  const { kernel, engine } = kernelThat(0);
  expect(await kernel.execute(REQUEST, OPTIONS)).toMatchObject({ ok: true, result: 1 });
  const [{ job, options } = expect.unreachable()] = engine.jobs;
  expect(job).toMatchObject({ attachments: [ARCHIVE], result: "rich", input: '{"a":1}' });
  expect(job.limits.resultBytes).toBe(16_777_216);
  expect(options.tenant).toBe("acme");
});

it("has a limit of its own for its code", async () => {
  const { kernel, engine } = kernelThat(0, [], { maxSize: 10 });
  await expect(kernel.execute(REQUEST)).rejects.toMatchObject({ status: 413 });
  expect(await kernel.execute(REQUEST, OPTIONS)).toMatchObject({ ok: true });
  const tooLong = { ...REQUEST, code: " ".repeat(1_001) };
  await expect(kernel.execute(tooLong, OPTIONS)).rejects.toMatchObject({ status: 413 });
  expect(engine.jobs).toHaveLength(1);
});

it("is seen by plugins, which may refuse it and change its output", async () => {
  const seen: string[] = [];
  const watcher: IsolatePlugin = {
    name: "watcher",
    setup(api) {
      api.onValidate.tap(({ entry }, { id }) => {
        seen.push(`validate ${id}`);
        if (entry === "describe") throw new Veto("no descriptions");
      });
      api.onLoad.tap(({ typeCall }) => void seen.push(`load ${typeCall?.attachments?.length}`));
      api.onExecute.tap((_context, next) => {
        seen.push("execute");
        return next();
      });
      api.onFormat.tap((output) => ({ ...output, result: 2 }));
    },
  };
  const { kernel } = kernelThat(0, [watcher]);
  expect(await kernel.execute(REQUEST, OPTIONS)).toMatchObject({ ok: true, result: 2 });
  expect(seen).toEqual(["validate acme", "load 1", "execute"]);
  const vetoed = kernel.execute({ ...REQUEST, entry: "describe" }, OPTIONS);
  await expect(vetoed).rejects.toMatchObject({ status: 403, message: "no descriptions" });
});

it("is waited for while the kernel closes, and refused from then on", async () => {
  const { kernel, engine } = kernelThat(200);
  let over = false;
  const running = kernel.execute(REQUEST, OPTIONS).then((output) => {
    over = true;
    return output;
  });
  const closed = kernel.close(5_000).then(() => over);
  await expect(kernel.execute(REQUEST, OPTIONS)).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
  expect(await running).toMatchObject({ ok: true });
  // Its engine was closed after it.
  expect(await closed).toBe(true);
  expect(engine.jobs).toHaveLength(1);
});
