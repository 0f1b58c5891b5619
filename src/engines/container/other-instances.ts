import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type Docker from "dockerode";
import { EngineUnavailable } from "../../base/errors.ts";
import { socketState } from "../../base/sockets.ts";
import { ALIVE_SOCKET, type Instance } from "../instance/instance.ts";
import { call, engineStatus } from "./docker.ts";
import { bind, networkOptions } from "./flags.ts";
import { removeContainer } from "./remove.ts";

/**
 * Milliseconds for which an instance has to look dead, because it may be recreating its directory.
 */
const DEAD_FOR = 30_000;
/** Most instances and images that are checked in one call. */
const MOST = 64;

/** Thrown if the engine does not see the files that this process creates in its run directory. */
export class RunDirectoryUnseen extends EngineUnavailable {
  constructor(directory: string) {
    super(
      `The engine's host has no ${directory}, which the server has made: the run directory has to be the host's own, mounted into the server's container at the same path`,
      { retryAfter: 2 },
    );
  }
}

/** Another instance, and one of its containers. */
export interface Foreign {
  readonly runDirectory: string;
  readonly instance: string;
  /** Image of that container. */
  readonly image: string;
}

/**
 * Finds dead instances, in any run directory. A socket that refuses is a proof, whoever connects.
 * An absent socket is none: the control plane may be in a container that sees other files. So the
 * engine, which made the mounts, is asked about the directory.
 */
export class ForeignInstances {
  readonly #docker: Docker;
  readonly #instance: Instance;
  readonly #deadFor: number;
  /** Directory of an instance → time since which it looks dead. */
  #deadSince = new Map<string, number>();
  #shares = false;

  constructor(docker: Docker, instance: Instance, deadFor = DEAD_FOR) {
    this.#docker = docker;
    this.#instance = instance;
    this.#deadFor = deadFor;
  }

  /** Returns the directories of instances that have been dead for a while. */
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
   * Tells whether the engine sees the same run directory as this process. Otherwise a server would
   * take its neighbours for dead. The engine is asked until it could tell once.
   *
   * @param images Images to ask with, until one of them still exists.
   * @throws {RunDirectoryUnseen} if it sees another one.
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

  /**
   * Tells whether a file exists on the engine's host: the engine refuses to mount a missing one.
   */
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
