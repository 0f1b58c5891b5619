import { EventEmitter, once } from "node:events";
import pLimit from "p-limit";
import { ConfinedFailure } from "../../confined-process/process.ts";
import { refused } from "../refused.ts";
import type { Registries, RegistryName } from "../registry/registries.ts";
import { packageName } from "./claims.ts";
import type { BroughtDocument } from "./entry.ts";

const AT_ONCE = 8;
/** Bytes that may wait for the resolver. Beyond that nothing more is asked for. */
const MOST_READY = 33_554_432;

export interface Document extends BroughtDocument {
  readonly body: Buffer;
}

/** Documents on their way from the registry to the resolver. */
export class Documents {
  readonly #registries: Registries;
  readonly #limit = pLimit(AT_ONCE);
  #ready: Document[] = [];
  #readyBytes = 0;
  #coming = 0;
  #failure: { readonly error: unknown } | undefined;
  #isWaited = false;
  readonly #events = new EventEmitter<{ arrived: []; taken: [] }>();

  constructor(registries: Registries) {
    this.#registries = registries;
  }

  /** True while the resolver has nothing to do before one of them has come. */
  get isWaited(): boolean {
    return this.#isWaited;
  }

  /** Asks the registry for the document of a name, unless another one has failed. */
  want(registry: RegistryName, name: string): void {
    if (!packageName.safeParse(name).success) {
      throw refused(`${JSON.stringify(name.slice(0, 214))} is no name of a package`);
    }
    this.#coming += 1;
    void this.#limit(() => this.#fetch(registry, name))
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#coming -= 1;
        this.#events.emit("arrived");
      });
  }

  /** Takes those that have come, at least one. */
  async take(): Promise<readonly Document[]> {
    this.#isWaited = true;
    while (this.#ready.length === 0 && this.#failure === undefined) {
      if (this.#coming === 0) throw new ConfinedFailure("It waits for nothing");
      await once(this.#events, "arrived");
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#isWaited = false;
    this.#readyBytes = 0;
    this.#events.emit("taken");
    return this.#ready.splice(0);
  }

  async #fetch(registry: RegistryName, name: string): Promise<void> {
    while (this.#readyBytes > MOST_READY && this.#failure === undefined) {
      await once(this.#events, "taken");
    }
    if (this.#failure !== undefined) return;
    const { status, isZipped, bytes: body } = await this.#registries.document(registry, name);
    this.#readyBytes += body.length;
    this.#ready.push({ registry, name, status, bytes: body.length, gzip: isZipped, body });
  }
}
