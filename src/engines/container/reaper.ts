import type Docker from "dockerode";
import pLimit from "p-limit";
import type { Instance } from "../instance.ts";
import { call, engineStatus } from "./docker.ts";
import { Label } from "./flags.ts";
import { removeContainer } from "./remove.ts";

const CONCURRENCY = 4;

/**
 * Removes every container of this run directory that nobody owns: those of instances that have
 * ended, and those of `instance` itself whose slot is not in `slots`. Containers without our
 * labels, and those of living instances, are never touched. Returns how many were removed; what could not be is
 * reported, and tried again the next time. Rejects only if the engine does not list them.
 */
export async function reap(
  docker: Docker,
  instance: Instance,
  slots: ReadonlySet<string>,
  onError: (error: unknown) => void,
): Promise<number> {
  const containers = await call(
    "listing",
    docker.listContainers({
      all: true,
      filters: {
        label: [`${Label.managed}=true`, `${Label.runDirectory}=${instance.runDirectory}`],
      },
    }),
  );
  const limit = pLimit(CONCURRENCY);
  const removals = containers.map(({ Id, Labels }) =>
    limit(async (): Promise<number> => {
      const owner = Labels[Label.instance] ?? "";
      const slot = Labels[Label.slot] ?? "";
      const owned = owner === instance.id ? slots.has(slot) : await instance.isAlive(owner);
      if (owned) return 0;
      try {
        await removeContainer(docker.getContainer(Id));
        return 1;
      } catch (error) {
        // One that cannot be removed now is no reason to stop; 409 means somebody else is at it.
        if (engineStatus(error) !== 409) onError(error);
        return 0;
      }
    }),
  );
  const removed = await Promise.all(removals);
  await instance.removeDead();
  return removed.reduce((sum, count) => sum + count, 0);
}
