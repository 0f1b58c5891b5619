import { readFileSync, writeFileSync } from "node:fs";
import type { Container } from "dockerode";
import type { Throttle } from "../pool/idle-watch.ts";
import { call } from "./docker.ts";

const NANOSECONDS = 1e9;
/** Smallest share that the engine accepts; the control groups use the same one. */
const HELD_CORES = 0.01;

/**
 * Throttles a container by its control group, in a tenth of a millisecond. The container runs on
 * slowly and is not frozen, so it notices the end of the control plane, and ends.
 */
export class CgroupThrottle implements Throttle {
  readonly #path: string;
  readonly #held: string;
  /** Earlier content of the file. */
  #free: string | undefined;

  constructor(path: string, held: string) {
    this.#path = path;
    this.#held = held;
  }

  async hold(): Promise<void> {
    this.#free ??= readFileSync(this.#path, "utf8").trim();
    writeFileSync(this.#path, this.#held);
  }

  async release(): Promise<void> {
    if (this.#free !== undefined) writeFileSync(this.#path, this.#free);
  }
}

/** Throttles a container by the engine, which takes a tenth of a second. */
export class EngineThrottle implements Throttle {
  readonly #container: Container;
  readonly #cpus: number;

  constructor(container: Container, cpus: number) {
    this.#container = container;
    this.#cpus = cpus;
  }

  hold(): Promise<void> {
    return this.#give(HELD_CORES);
  }

  release(): Promise<void> {
    return this.#give(this.#cpus);
  }

  async #give(cores: number): Promise<void> {
    await call("update", this.#container.update({ NanoCpus: Math.round(cores * NANOSECONDS) }));
  }
}
