import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type Docker from "dockerode";
import { EngineUnavailable } from "../../base/errors.ts";
import { socketState } from "../../base/sockets.ts";
import { ALIVE_SOCKET, type Instance } from "../instance/instance.ts";
import { call, engineStatus } from "./docker.ts";
import { bind, networkOptions } from "./flags.ts";
import { removeContainer } from "./remove.ts";

/** Milliseconds for which an instance has to be seen dead: it may be making its directory again. */
const DEAD_FOR = 30_000;
/** Instances that are looked at in one go. */
const MOST = 64;

/** Thrown where the engine does not see what this process makes in its run directory. */
export class RunDirectoryUnseen extends EngineUnavailable {
  constructor(directory: string) {
    super(
      `The engine's host has no ${directory}, which the server has made: the run directory has to be the host's own, mounted into the server's container at the same path`,
      { retryAfter: 2 },
    );
  }
}

/** Another instance, and a container it has left. */
export interface Foreign {
  readonly runDirectory: string;
  readonly instance: string;
  /** Image of that container. */
  readonly image: string;
}

/**
 * Tells which other instances are dead, whatever their run directory. A socket that refuses proves it,
 * whoever looks. One that is not to be seen proves nothing by itself: the control plane may be in a container
 * that has another view of the host. So the engine, which made the mounts, is asked for the directory.
 */
export class ForeignInstances {
  readonly #docker: Docker;
  readonly #instance: Instance;
  readonly #deadFor: number;
  /** Since when an instance has been seen dead, by its directory. */
  #deadSince = new Map<string, number>();
  #shares = false;

  constructor(docker: Docker, instance: Instance, deadFor = DEAD_FOR) {
    this.#docker = docker;
    this.#instance = instance;
    this.#deadFor = deadFor;
  }

  /** Directories of those that are dead, and have been for a while. */
  async dead(found: readonly Foreign[]): Promise<Set<string>> {
    const now = performance.now();
    const deadSince = new Map<string, number>();
    const all = new Map(found.map((each) => [directoryOf(each), each]));
    for (const [directory, foreign] of [...all].slice(0, MOST)) {
      if (await this.#isDead(directory, foreign)) {
        deadSince.set(directory, this.#deadSince.get(directory) ?? now);
      }
    }
    this.#deadSince = deadSince;
    const since = (directory: string): number => deadSince.get(directory) ?? now;
    return new Set([...deadSince.keys()].filter((each) => now - since(each) >= this.#deadFor));
  }

  /**
   * Whether the engine sees the same run directory as this process: a server that sees another one
   * would take its neighbours for dead. The engine is asked once, and whenever it could not tell.
   *
   * @param images Those that it is asked with, until one is still there.
   * @throws {RunDirectoryUnseen} if it does not.
   */
  async sharesDirectory(images: readonly string[]): Promise<boolean> {
    if (this.#shares) return true;
    const alive = join(this.#instance.directory, ALIVE_SOCKET);
    for (const image of images.slice(0, MOST)) {
      const seen = await this.#exists(alive, image).catch(() => undefined);
      if (seen === false) throw new RunDirectoryUnseen(alive);
      this.#shares = seen === true;
      if (this.#shares) break;
    }
    return this.#shares;
  }

  async #isDead(directory: string, { image }: Foreign): Promise<boolean> {
    const state = await socketState(join(directory, ALIVE_SOCKET));
    if (state === "refuses") return true;
    return state !== "answers" && !(await this.#exists(directory, image).catch(() => true));
  }

  /** Whether there is such a file on the engine's host: else it refuses to make a mount of it. */
  async #exists(path: string, image: string): Promise<boolean> {
    const id = `look-${randomBytes(6).toString("hex")}`;
    const { HostConfig, ...options } = networkOptions({ image, id, instance: this.#instance });
    const Mounts = [bind(path, "/found")];
    try {
      // It is never started.
      const made = this.#docker.createContainer({
        ...options,
        HostConfig: { ...HostConfig, Mounts },
      });
      await removeContainer(await call("create", made));
      return true;
    } catch (error) {
      if (engineStatus(error) === 400 && /does not exist/.test(String(error))) return false;
      throw error;
    }
  }
}

export function directoryOf({ runDirectory, instance }: Omit<Foreign, "image">): string {
  return join(runDirectory, instance);
}
