/** Tests that the container in a plan equals a real container, as the engine reports it. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContainerCreateOptions, ContainerInspectInfo } from "dockerode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRunner } from "../../src/deno/runner.ts";
import { confinement, confinementOf } from "../../src/engines/container/confinement-of-flags.ts";
import { Label } from "../../src/engines/container/flags.ts";
import { ContainerLauncher } from "../../src/engines/container/launcher.ts";
import { ensureRunnerImage } from "../../src/engines/container/runner-image.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { docker, runtime } from "../helpers/containers.ts";

let directory: string;
let instance: Instance;
let image: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  await mkdir(join(directory, "data"));
  instance = await Instance.create(directory);
  image = await ensureRunnerImage(docker, await readRunner(), () => {});
});
afterAll(async () => {
  await instance.close();
  await rm(directory, { recursive: true });
});

/** Inspects a running sandbox and the container that holds its network. */
async function inspected(adjust = (options: ContainerCreateOptions) => options) {
  const mounts = [{ source: join(directory, "data"), target: "/data" }];
  const profile = { memory: 192, cpus: 0.5, mounts };
  const launcher = new ContainerLauncher({ docker, runtime, instance, image: () => image, adjust });
  const sandbox = await launcher.launch(profile);
  try {
    const filters = { label: [`${Label.slot}=${sandbox.id}`] };
    const [found] = await docker.listContainers({ filters });
    const container = await docker.getContainer(found?.Id ?? "").inspect();
    const [, id = ""] = container.HostConfig.NetworkMode?.split(":") ?? [];
    const holder = await docker.getContainer(id).inspect();
    return { profile, container, holder };
  } finally {
    await sandbox.destroy();
    await launcher.networks.close();
  }
}

const created = ({ Config: { User }, HostConfig }: ContainerInspectInfo) => ({ User, HostConfig });

describe("the container of a plan", () => {
  it("is that of a sandbox, flag by flag, without a path or an id of the host's", async () => {
    const { profile, container, holder } = await inspected();
    const shown = confinement(profile, runtime);
    const { DefaultRuntime } = (await docker.info()) as { DefaultRuntime: string };
    const real = confinementOf(created(container), created(holder));
    expect({ ...shown, runtime: shown.runtime ?? DefaultRuntime }).toEqual(real);
    // Reads the engine's report directly, without our own reader of it.
    const { HostConfig } = container;
    expect(shown).toMatchObject({
      user: container.Config.User,
      network: { mode: holder.HostConfig.NetworkMode, lent: true },
      readOnlyRoot: HostConfig.ReadonlyRootfs,
      capabilitiesDropped: HostConfig.CapDrop,
      memory: (HostConfig.Memory ?? 0) / 1_048_576,
      cpus: (HostConfig.NanoCpus ?? 0) / 1e9,
      pids: HostConfig.PidsLimit,
      mounts: Object.fromEntries(container.Mounts.map((m) => [m.Destination, m.Mode])),
    });
    expect(shown).toMatchObject({
      network: { mode: "none" },
      noNewPrivileges: true,
      seccomp: { otherwise: "SCMP_ACT_ERRNO" },
      swap: 0,
      ulimits: { nofile: 1_024, core: 0 },
      mounts: { "/data": "ro", "/run/isolate": "ro" },
    });
    const text = JSON.stringify(shown);
    for (const secret of [directory, container.Id, holder.Id, instance.id]) {
      expect(text).not.toContain(secret);
    }
  });

  it("would differ from one created otherwise", async () => {
    const { profile, container, holder } = await inspected((options) => {
      const HostConfig = { ...options.HostConfig, ReadonlyRootfs: false, PidsLimit: 64 };
      return { ...options, HostConfig };
    });
    const real = confinementOf(created(container), created(holder));
    expect(real).toMatchObject({ readOnlyRoot: false, pids: 64 });
    expect(confinement(profile, runtime)).toMatchObject({ readOnlyRoot: true, pids: 128 });
  });
});
