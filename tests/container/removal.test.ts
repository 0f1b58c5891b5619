import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Container } from "dockerode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Label } from "../../src/engines/container/flags.ts";
import type { ContainerLauncher } from "../../src/engines/container/launcher.ts";
import type { Sandbox, SandboxJob } from "../../src/engines/contract/contract.ts";
import { PROFILE } from "../contract/engine-contract.ts";
import { containersOf, docker } from "../helpers/containers.ts";
import { containerLauncher, type TestLauncher } from "../helpers/launchers.ts";

const JOB: SandboxJob = {
  code: "for (;;);",
  entry: "default",
  input: "null",
  tools: [],
  limits: { logEntries: 1, logBytes: 1, resultBytes: 1 },
};

describe("the removal of a sandbox", () => {
  let stage: TestLauncher<ContainerLauncher>;
  let directory: string;
  let launcher: ContainerLauncher;
  beforeAll(async () => {
    stage = await containerLauncher();
    ({ directory, launcher } = stage);
  });
  afterAll(async () => {
    await launcher.close();
    await stage.remove();
  });

  async function containerOf(sandbox: Sandbox): Promise<Container> {
    const filters = { label: [`${Label.slot}=${sandbox.id}`] };
    const [container] = await docker.listContainers({ filters });
    return docker.getContainer(container?.Id ?? "");
  }

  /** Returns what the engine has done to a container, in order. */
  async function eventsOf({ id }: Container): Promise<string[]> {
    const until = Math.ceil(Date.now() / 1_000);
    const stream = await docker.getEvents({ since: 1, until, filters: { container: [id] } });
    const lines = (await text(stream as Readable)).trim().split("\n");
    return lines.map((line) => (JSON.parse(line) as { Action: string }).Action);
  }

  /** Starts a sandbox, and ends it after `before`. Returns what the engine has done then. */
  async function removed(before: (sandbox: Sandbox, container: Container) => unknown) {
    const sandbox = await launcher.launch(PROFILE, undefined, true);
    const container = await containerOf(sandbox);
    await before(sandbox, container);
    await sandbox.destroy();
    const kept = await containersOf(directory, "sandbox");
    return { events: await eventsOf(container), kept };
  }

  it("waits for its program, which ends without a kill", async () => {
    const { events, kept } = await removed(() => {});
    expect(events.slice(-2)).toEqual(["die", "destroy"]);
    expect(events).not.toContain("kill");
    expect(kept).toEqual([]);
  });

  it("kills a program that does not end", async () => {
    const { events, kept } = await removed((_, container) => container.kill({ signal: "SIGSTOP" }));
    expect(events.filter((event) => event === "kill")).toHaveLength(2);
    expect(kept).toEqual([]);
  });

  it("stops code that runs at once", async () => {
    const { events, kept } = await removed((sandbox) => void sandbox.run(JOB, { onLog() {} }, 1));
    expect(events).toContain("kill");
    expect(kept).toEqual([]);
  });
});
