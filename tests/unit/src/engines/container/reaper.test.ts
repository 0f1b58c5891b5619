/**
 * Tests the removal of containers by a server whose run directory's name means other files
 * elsewhere.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Label } from "../../../../../src/engines/container/flags.ts";
import {
  ForeignInstances,
  RunDirectoryUnseen,
} from "../../../../../src/engines/container/other-instances.ts";
import { reap } from "../../../../../src/engines/container/reaper.ts";
import { Instance } from "../../../../../src/engines/instance/instance.ts";

const DEAD_FOR = 100;
const NEIGHBOUR = "aaaaaaaa";

let instance: Instance;
beforeEach(async () => {
  instance = await Instance.create(await mkdtemp(join(tmpdir(), "isolate-")));
});
afterEach(async () => {
  await instance.close();
  await rm(instance.runDirectory, { recursive: true });
});

/** Makes an engine with a neighbour's containers. `exists` tells which paths the host has. */
function engineWith(exists: (path: string) => boolean) {
  const removed: string[] = [];
  const asked: string[] = [];
  const labels = {
    [Label.managed]: "true",
    [Label.runDirectory]: instance.runDirectory,
    [Label.instance]: NEIGHBOUR,
    [Label.slot]: "slot",
  };
  const docker = {
    listContainers: async () => [{ Id: "sandbox", ImageID: "image", Labels: labels }],
    getContainer: (id: string) => ({ remove: async () => removed.push(id) }),
    createContainer: async ({ HostConfig }: Docker.ContainerCreateOptions) => {
      const [mount] = HostConfig?.Mounts ?? [];
      asked.push(mount?.Source ?? "");
      if (exists(mount?.Source ?? "")) return { remove: async () => {} };
      const message = "bind source path does not exist";
      throw Object.assign(new Error(message), { statusCode: 400 });
    },
  } as unknown as Docker;
  const foreign = new ForeignInstances(docker, instance, DEAD_FOR);
  const look = () =>
    reap(docker, instance, new Set(), (error) => expect.fail(String(error)), foreign);
  return { look, removed, asked };
}

describe("a neighbour that is not to be seen in the run directory", () => {
  it("keeps its containers, and a server that the engine does not see does not start", async () => {
    const { look, removed } = engineWith((path) => path.includes(NEIGHBOUR));
    await expect(look()).rejects.toThrow(RunDirectoryUnseen);
    await sleep(DEAD_FOR);
    await expect(look()).rejects.toThrow(/mounted into the server's container at the same path/);
    expect(removed).toEqual([]);
  });

  it("keeps its containers as long as the engine's host has its directory", async () => {
    const { look, removed } = engineWith(() => true);
    await look();
    await sleep(DEAD_FOR);
    expect(await look()).toBe(0);
    expect(removed).toEqual([]);
  });

  it("loses them once the host has had none for a while", async () => {
    const { look, removed, asked } = engineWith((path) => path.startsWith(instance.directory));
    expect(await look()).toBe(0);
    await sleep(DEAD_FOR);
    expect(await look()).toBe(1);
    expect(removed).toEqual(["sandbox"]);
    // The engine is asked once about its own directory.
    expect(asked.filter((path) => path.startsWith(instance.directory))).toHaveLength(1);
  });
});
