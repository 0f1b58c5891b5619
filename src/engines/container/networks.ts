import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import type { Container, ContainerCreateOptions } from "dockerode";
import type { Instance } from "../instance/instance.ts";
import { call, engineStatus } from "./docker.ts";
import { networkOptions } from "./flags.ts";
import { hasImage } from "./images.ts";
import { importRootfs } from "./one-layer-image.ts";
import { pauseProgram } from "./pause-program.ts";
import { removeContainer } from "./remove.ts";

const PAUSE_IMAGE = "isolate-pause:1";

/** An empty network namespace, held open by a container that does nothing. */
export interface Network {
  /** Id of the holding container. */
  readonly id: string;
  /** Its slot label. */
  readonly slot: string;
  readonly container: Container;
  /** True if an earlier sandbox has had it. */
  readonly lentBefore?: boolean;
}

/**
 * Lends network namespaces to sandboxes, each to one at a time. Creating one takes more than half
 * of a container's start, and nothing of a sandbox stays in it.
 */
export class Networks {
  readonly #docker: Docker;
  readonly #instance: Instance;
  readonly #adjust: (options: ContainerCreateOptions) => ContainerCreateOptions;
  /** Slot labels in use, shared with the launcher. The reaper leaves their containers alone. */
  readonly #slots: Set<string>;
  #idle: Network[] = [];

  constructor(options: {
    docker: Docker;
    instance: Instance;
    slots: Set<string>;
    adjust: (options: ContainerCreateOptions) => ContainerCreateOptions;
  }) {
    this.#docker = options.docker;
    this.#instance = options.instance;
    this.#slots = options.slots;
    this.#adjust = options.adjust;
  }

  /**
   * Returns an unused namespace. The holder of one that was lent before may have ended; the engine
   * refuses the sandbox then, and `isLost()` tells why.
   */
  async lease(): Promise<Network> {
    return this.#idle.pop() ?? this.#create();
  }

  /** Tells whether a sandbox could not join a namespace because its holder has ended. */
  async isLost({ container, lentBefore = false }: Network): Promise<boolean> {
    if (!lentBefore) return false;
    const running = call("inspection", container.inspect()).then(
      ({ State }) => State.Running,
      (error: unknown) => engineStatus(error) !== 404,
    );
    return !(await running);
  }

  /** Takes back the namespace of a sandbox that is known to be gone. */
  release(network: Network): void {
    if (this.#slots.has(network.slot)) this.#idle.push({ ...network, lentBefore: true });
  }

  /** Removes a namespace that may be in use or broken. On failure, the reaper removes it later. */
  async discard(network: Network): Promise<void> {
    this.#slots.delete(network.slot);
    await removeContainer(network.container).catch(() => {});
  }

  /** Drops all idle ones without a call to the engine, which may be away. */
  forget(): void {
    for (const { slot } of this.#idle.splice(0)) this.#slots.delete(slot);
  }

  /** Removes all idle namespaces. */
  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((network) => this.discard(network)));
  }

  async #create(): Promise<Network> {
    await this.#ensureImage();
    const slot = `net-${randomBytes(6).toString("hex")}`;
    this.#slots.add(slot);
    const options = networkOptions({ image: PAUSE_IMAGE, id: slot, instance: this.#instance });
    let container: Container | undefined;
    try {
      container = await call("create", this.#docker.createContainer(this.#adjust(options)));
      await call("start", container.start());
      return { id: container.id, slot, container };
    } catch (error) {
      this.#slots.delete(slot);
      if (container !== undefined) await removeContainer(container).catch(() => {});
      throw error;
    }
  }

  async #ensureImage(): Promise<void> {
    if (await hasImage(this.#docker, PAUSE_IMAGE)) return;
    const program = pauseProgram(process.arch);
    await importRootfs(this.#docker, PAUSE_IMAGE, async (tar) => {
      tar.entry({ name: "pause", mode: 0o755 }, program);
    });
  }
}
