/** The kernel's own part of an execution, between the steps. */
import { describe, expect, it, vi } from "vitest";
import { Aborted, PermissionError } from "../../../../src/base/errors.ts";
import type { Membership } from "../../../../src/channels/channels.ts";
import { config } from "../../../../src/config/config.ts";
import { Kernel } from "../../../../src/kernel/kernel.ts";
import type { ExecuteTap, Factory, IsolatePlugin } from "../../../../src/plugins/plugin.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";

const code = "export default () => 1";
const USAGE = { peakMemory: 1, bytesOut: 1, egressBytes: 1, queued: 1, channelDropped: 1 };

/** Opens a kernel whose first job uses 3 ms and whose second one, of 40 ms, is aborted. */
function withAbort(tap: (factory: Factory) => ExecuteTap): Kernel {
  const engine = new RecordingEngine("container", () => {
    if (engine.jobs.length === 1) return { usage: { ...USAGE, cpu: 3 } };
    const aborted = new Aborted();
    aborted.usage = { ...USAGE, cpu: 40, wall: 1_000_000 };
    throw aborted;
  });
  const plugin: IsolatePlugin = {
    name: "twice",
    required: ["sandbox"],
    setup: (api) => void api.onExecute.tap(tap(api.onWorker.call())),
  };
  return new Kernel({ config: config(), engines: [engine], plugins: [plugin] });
}

/** Ways in which a plugin can run a job. */
const WAYS: Readonly<Record<string, (factory: Factory) => ExecuteTap>> = {
  next: () => (_context, next) => next(),
  runner:
    ({ spawn, runner }) =>
    async (context) =>
      runner(await spawn(context), 1_000)(context),
};

it.each([false, true])("leaves its channels at the end, failed: %s", async (fails) => {
  let left: unknown;
  const engine = new RecordingEngine("container", (_job, { channel }) => {
    left = vi.spyOn(channel as Membership, "leave");
    if (fails) throw new Error("The engine failed");
    return {};
  });
  const kernel = new Kernel({ config: config(), engines: [engine] });
  const result = await kernel.execute({ code, tools: ["channel"] }).catch(() => "failed");
  expect(result === "failed").toBe(fails);
  expect(left).toHaveBeenCalledOnce();
});

it("runs nothing of what is not granted, nor what plugins wrap around it", async () => {
  const seen: string[] = [];
  const spy: IsolatePlugin = {
    name: "spy",
    setup(api) {
      api.onLoad.tap(() => void seen.push("load"));
      api.onExecute.tap((_context, next) => {
        seen.push("execute");
        return next();
      });
    },
  };
  const engine = new RecordingEngine("container");
  const kernel = new Kernel({ config: config(), engines: [engine], plugins: [spy] });
  const refused = kernel.execute({ code, permissions: { run: ["sh"] } });
  await expect(refused).rejects.toBeInstanceOf(PermissionError);
  expect(seen).toEqual(["load"]);
  await kernel.execute({ code });
  expect(seen).toEqual(["load", "load", "execute"]);
  expect(engine.jobs).toHaveLength(1);
});

describe.each(Object.entries(WAYS))("an aborted job of a plugin, by %s", (_name, way) => {
  it("is in the usage of an execution that answers with another output", async () => {
    const kernel = withAbort((factory) => async (context, next) => {
      const run = way(factory);
      const first = await run(context, next);
      await expect(run(context, next)).rejects.toBeInstanceOf(Aborted);
      return first;
    });
    const { usage } = await kernel.execute({ code });
    expect(usage).toMatchObject({ cpu: 43, egressBytes: 2 });
  });

  it("tells of the jobs before it, too, where it ends the execution", async () => {
    const kernel = withAbort((factory) => async (context, next) => {
      const run = way(factory);
      await run(context, next);
      return run(context, next);
    });
    const error: Aborted = await kernel.execute({ code }).then(
      () => expect.fail("was not aborted"),
      (thrown) => thrown,
    );
    expect(error).toBeInstanceOf(Aborted);
    expect(error.usage).toEqual({
      ...{ cpu: 43, peakMemory: 1, bytesOut: 2, egressBytes: 2, queued: 2, channelDropped: 2 },
      wall: expect.any(Number),
    });
    expect(error.usage?.wall).toBeLessThan(1_000_000);
  });
});
