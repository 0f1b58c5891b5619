import type { Readable } from "node:stream";
import type Docker from "dockerode";
import type { Container, ContainerInfo } from "dockerode";
import { config } from "../src/config/config.ts";
import { SocketDirectory } from "../src/engines/connection/socket-directory.ts";
import { call } from "../src/engines/container/docker.ts";
import { containerOptions, Label } from "../src/engines/container/flags.ts";
import { removeContainer } from "../src/engines/container/remove.ts";
import { Instance } from "../src/engines/instance/instance.ts";
import { timed, together } from "./stats.ts";

/** Lists all containers, running or not, with the label of a run directory. */
export function listOwn(docker: Docker, runDirectory: string): Promise<ContainerInfo[]> {
  return list(docker, [`${Label.runDirectory}=${runDirectory}`]);
}

/** Lists the sandboxes among them. */
export function listSandboxes(docker: Docker, runDirectory: string): Promise<ContainerInfo[]> {
  return list(docker, [`${Label.runDirectory}=${runDirectory}`, `${Label.kind}=sandbox`]);
}

function list(docker: Docker, label: string[]): Promise<ContainerInfo[]> {
  const filters = { label };
  return call("listing", docker.listContainers({ all: true, filters }));
}

/** Counts the containers of a run directory that the engine starts from now on. */
export async function countStarts(docker: Docker, runDirectory: string) {
  let starts = 0;
  const label = [`${Label.runDirectory}=${runDirectory}`];
  const filters = { event: ["start"], label };
  const events = (await call("watching", docker.getEvents({ filters }))) as Readable;
  events.on("data", (chunk: Buffer) => {
    starts += chunk.toString().split("\n").filter(Boolean).length;
  });
  // A connection that is lost ends the count, which is a figure too low and no failure.
  events.on("error", () => {});
  return { count: () => starts, stop: () => events.destroy() };
}

/** Removes containers that the owner of a run directory left behind when it was killed. */
export async function removeOwn(docker: Docker, runDirectory: string): Promise<void> {
  const left = await listOwn(docker, runDirectory);
  await Promise.all(left.map(({ Id }) => removeContainer(docker.getContainer(Id))));
}

/** Uses the engine as plainly as possible, for comparison with the server's use of it. */
export class PlainContainers {
  readonly #docker: Docker;
  readonly #image: string;
  readonly #instance: Instance;

  private constructor(docker: Docker, image: string, instance: Instance) {
    this.#docker = docker;
    this.#image = image;
    this.#instance = instance;
  }

  /**
   * Opens it in its own run directory, because the servers' reapers would remove its containers.
   */
  static async open(docker: Docker, image: string, directory: string): Promise<PlainContainers> {
    return new PlainContainers(docker, image, await Instance.create(directory));
  }

  /** Measures the milliseconds to create and start an idle container with a sandbox's flags. */
  async createAndStart(): Promise<number> {
    const slot = await SocketDirectory.create(this.#instance.directory);
    try {
      let container: Container | undefined;
      const ms = await timed(async () => {
        container = await this.#start(slot);
      });
      if (container !== undefined) await removeContainer(container);
      return ms;
    } finally {
      await slot.remove();
    }
  }

  /**
   * Creates, starts and removes such containers for `ms` milliseconds. Returns their number a
   * second. It is the sum of the workers' own rates, since they do not all end at the same time.
   */
  async loop(concurrency: number, ms: number, signal: AbortSignal): Promise<number> {
    let perSecond = 0;
    await together(concurrency, async () => {
      const slot = await SocketDirectory.create(this.#instance.directory);
      try {
        const started = performance.now();
        let done = 0;
        for (; performance.now() - started < ms && !signal.aborted; done += 1) {
          await removeContainer(await this.#start(slot));
        }
        perSecond += (done * 1_000) / (performance.now() - started);
      } finally {
        await slot.remove();
      }
    });
    return perSecond;
  }

  /**
   * Measures the milliseconds of `docker run --rm --network none IMAGE eval …`, by the calls of
   * that command. It attaches to the output first, and returns when the container is removed, not
   * when it ends.
   */
  async dockerRun(code: string, expected: string): Promise<number> {
    let output = "";
    const ms = await timed(async () => {
      const container = await call(
        "create",
        this.#docker.createContainer({
          Image: this.#image,
          Cmd: ["eval", code],
          Labels: { [Label.runDirectory]: this.#instance.runDirectory },
          HostConfig: { AutoRemove: true, NetworkMode: "none" },
        }),
      );
      const stream = await call("attach", container.attach({ stream: true, stdout: true }));
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString();
      });
      const removed = container.wait({ condition: "removed" });
      await Promise.all([call("wait", removed), call("start", container.start())]);
    });
    if (!output.includes(expected)) throw new Error(`docker run said: ${JSON.stringify(output)}`);
    return ms;
  }

  async close(): Promise<void> {
    await removeOwn(this.#docker, this.#instance.runDirectory);
    await this.#instance.close();
  }

  async #start(slot: SocketDirectory): Promise<Container> {
    const { memory, cpus } = config();
    const profile = { memory, cpus };
    const spec = { image: this.#image, profile, slot, instance: this.#instance, network: "" };
    const options = { ...containerOptions(spec), Cmd: ["--version"] };
    // Set to "none", because a shared network would need another container.
    options.HostConfig = { ...options.HostConfig, NetworkMode: "none" };
    const container = await call("create", this.#docker.createContainer(options));
    await call("start", container.start());
    return container;
  }
}
