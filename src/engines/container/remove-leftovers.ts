import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Instance } from "../instance/instance.ts";
import { Label } from "./flags.ts";
import { labelled, removeContainer } from "./remove.ts";

/** Most listings, and milliseconds between two of them. */
const TRIES = 3;
const PAUSE = 200;

/**
 * Removes the containers of an instance that ends. The engine sometimes refuses a removal, under
 * load or while another one is in progress. Without a repetition they would stay until the next
 * start.
 *
 * @throws {Error} if the engine does not list them.
 */
export async function removeLeft(docker: Docker, instance: Instance): Promise<void> {
  const own = `${Label.instance}=${instance.id}`;
  for (let tries = 1; ; tries += 1) {
    const left = await labelled(docker, `${Label.managed}=true`, own);
    if (left.length === 0) return;
    await Promise.allSettled(left.map(removeContainer));
    if (tries === TRIES) return;
    await sleep(PAUSE);
  }
}
