import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Container, ContainerCreateOptions, HostConfig } from "dockerode";
import { allowAll, type Facts, type Probe, runProbe, UPSTREAM_PORT } from "../../doctor/probe.ts";
import { deadline } from "../../src/base/deadline.ts";
import { readRunner } from "../../src/deno/runner.ts";
import { Label } from "../../src/engines/container/flags.ts";
import { ContainerLauncher } from "../../src/engines/container/launcher.ts";
import { ensureRunnerImage } from "../../src/engines/container/runner-image.ts";
import type { Profile } from "../../src/engines/contract/contract.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { docker, runtime } from "../helpers/containers.ts";

/** Changes a container's options in place. */
export type Adjustment = (host: HostConfig, options: ContainerCreateOptions) => void;

/** A flag of a sandbox container, with the facts its probe sees without it. */
export interface Protection extends Omit<Probe, "what"> {
  /** Facts without the flag, so that a failure for another reason does not count. */
  readonly removed: Facts;
  readonly weaken: Adjustment;
  /** Applied to both runs: removes other layers that would hide this one. */
  readonly given?: Adjustment;
  readonly outside?: (container: Container) => Promise<Facts>;
}

export interface RunOptions {
  readonly adjustments?: readonly (Adjustment | undefined)[];
  readonly cpus?: number | undefined;
  /** Reads facts of the container from the engine, after its code has run. */
  readonly outside?: ((container: Container) => Promise<Facts>) | undefined;
}

/** Name of a network without a way out, in which a container of the tests listens. */
export const PROBE_NETWORK = `isolate-probe-${process.pid}`;

const PROFILE: Profile = { memory: 256, cpus: 1 };
const PROBE_WITHIN = 30_000;
const LISTENING = "listening";
const UPSTREAM_CODE = `
  const listener = Deno.listen({ hostname: "0.0.0.0", port: ${UPSTREAM_PORT} });
  console.log("${LISTENING}");
  for await (const connection of listener) connection.close();
`;

/** Starts probe sandboxes, and owns the resources that they need. */
export class Laboratory {
  readonly #docker: Docker;
  readonly #runDirectory: string;
  readonly #instance: Instance;
  readonly #cleanUp: (() => Promise<unknown>)[] = [];
  #realImage = "";
  #probeImage = "";
  #serverConnection = "";

  private constructor(docker: Docker, runDirectory: string, instance: Instance) {
    this.#docker = docker;
    this.#runDirectory = runDirectory;
    this.#instance = instance;
  }

  static async open(): Promise<Laboratory> {
    const runDirectory = await mkdtemp(join(tmpdir(), "probe-"));
    const instance = await Instance.create(runDirectory);
    const laboratory = new Laboratory(docker, runDirectory, instance);
    try {
      await laboratory.#prepare();
    } catch (error) {
      await laboratory.close();
      throw error;
    }
    return laboratory;
  }

  /** Runs a probe's code with every permission of Deno, so that only the container holds it. */
  async probe(body: string, options: RunOptions = {}): Promise<Facts> {
    const adjustments = [grantAll, ...(options.adjustments ?? [])];
    return this.#run(this.#probeImage, body, { ...options, adjustments });
  }

  /** Runs a probe's code as in a sandbox of the service. */
  async probeUnmodified(body: string): Promise<Facts> {
    return this.#run(this.#realImage, body, {});
  }

  /** Removes everything, also after a failure half-way. */
  async close(): Promise<void> {
    for (const remove of this.#cleanUp.reverse()) await remove().catch(() => {});
    await this.#instance.close();
    await rm(this.#runDirectory, { recursive: true, force: true });
  }

  async #prepare(): Promise<void> {
    const log = (): void => {};
    this.#realImage = await ensureRunnerImage(this.#docker, await readRunner(), log);
    const open = await ensureRunnerImage(this.#docker, await readRunner("inherit"), log);
    this.#probeImage = await this.#withRootAsUser(open);
    this.#serverConnection = await this.#startUpstream(open);
  }

  /** Makes an image with root as its user. The runner image's own user would hide the flag. */
  async #withRootAsUser(image: string): Promise<string> {
    const repo = "isolate-probe";
    const tag = `${process.pid}`;
    const container = await this.#docker.createContainer({ Image: image });
    this.#cleanUp.push(() => this.#docker.getImage(`${repo}:${tag}`).remove());
    try {
      await container.commit({ repo, tag, changes: "USER 0:0" });
    } finally {
      await container.remove();
    }
    return `${repo}:${tag}`;
  }

  async #startUpstream(image: string): Promise<string> {
    const network = await this.#docker.createNetwork({ Name: PROBE_NETWORK, Internal: true });
    this.#cleanUp.push(() => network.remove());
    const container = await this.#docker.createContainer({
      Image: image,
      Cmd: ["eval", UPSTREAM_CODE],
      HostConfig: { NetworkMode: PROBE_NETWORK },
    });
    this.#cleanUp.push(() => container.remove({ force: true, v: true }));
    await container.start();
    await deadline(untilLogged(container, LISTENING), PROBE_WITHIN, "Starting the upstream");
    const { NetworkSettings } = await container.inspect();
    return NetworkSettings.Networks[PROBE_NETWORK]?.IPAddress ?? "";
  }

  async #run(image: string, body: string, options: RunOptions): Promise<Facts> {
    const launcher = new ContainerLauncher({
      docker: this.#docker,
      runtime,
      instance: this.#instance,
      image: () => image,
      adjust: (created) => {
        for (const adjustment of options.adjustments ?? []) {
          adjustment?.(created.HostConfig ?? {}, created);
        }
        return created;
      },
    });
    const sandbox = await launcher.launch({ ...PROFILE, cpus: options.cpus ?? PROFILE.cpus });
    try {
      const facts = await runProbe(sandbox, body, this.#serverConnection);
      return { ...facts, ...(await options.outside?.(await this.#containerOf(sandbox.id))) };
    } finally {
      await sandbox.destroy();
      await launcher.networks.close();
    }
  }

  async #containerOf(slot: string): Promise<Container> {
    const filters = { label: [`${Label.slot}=${slot}`] };
    const [found] = await this.#docker.listContainers({ all: true, filters });
    if (found === undefined) throw new Error(`No container has slot ${slot}`);
    return this.#docker.getContainer(found.Id);
  }
}

/** Runs the sandbox as root, because `User` would hide the effect of some flags. */
export const asRoot: Adjustment = (_host, options) => {
  options.User = "0:0";
};

/** Gives the sandbox's Deno process all permissions. */
export const grantAll: Adjustment = (_host, options) => allowAll(options);

async function untilLogged(container: Container, line: string): Promise<void> {
  while (!(await container.logs({ stdout: true, stderr: true })).includes(line)) await sleep(50);
}
