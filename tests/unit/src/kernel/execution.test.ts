/** The kernel's own part of an execution, between the steps. */
import { expect, it, vi } from "vitest";
import { PermissionError } from "../../../../src/base/errors.ts";
import type { Membership } from "../../../../src/channels/channels.ts";
import { config } from "../../../../src/config/config.ts";
import { Kernel } from "../../../../src/kernel/kernel.ts";
import type { IsolatePlugin } from "../../../../src/plugins/plugin.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";

const code = "export default () => 1";

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
