import type Docker from "dockerode";
import type { ContainerInfo } from "dockerode";
import pLimit from "p-limit";
import type { Instance } from "../instance/instance.ts";
import { call, engineStatus } from "./docker.ts";
import { Label } from "./flags.ts";
import { directoryOf, type Foreign, type ForeignInstances } from "./other-instances.ts";
import { removeContainer } from "./remove.ts";

const CONCURRENCY = 4;

/**
 * Removes containers without an owner:
 * - of `instance` itself: those whose slot is not in `slots`
 * - of other instances in its run directory: those of proved dead ones
 * - of any instance: those that have looked dead for a while
 *
 * Containers without our labels, and those of living instances, are never touched. Returns the
 * number removed. Failed removals are reported, and tried again in the next call. Rejects only if
 * the engine does not list the containers, or sees another run directory.
 */
export async function reap(
  docker: Docker,
  instance: Instance,
  slots: ReadonlySet<string>,
  onError: (error: unknown) => void,
  foreign: ForeignInstances,
): Promise<number> {
  const label = [`${Label.managed}=true`];
  const containers = await call(
    "listing",
    docker.listContainers({ all: true, filters: { label } }),
  );
  const isOurs = ({ Labels }: ContainerInfo) =>
    Labels[Label.runDirectory] === instance.runDirectory;
  const isOwn = (each: ContainerInfo) =>
    isOurs(each) && each.Labels[Label.instance] === instance.id;
  const others = containers.filter((each) => !isOwn(each)).map(foreignOf);
  const images = [...new Set(others.map(({ image }) => image))];
  const mayJudge = images.length > 0 && (await foreign.sharesDirectory(images));
  const dead = mayJudge ? await foreign.dead(others) : new Set();
  const isOwned = async (container: ContainerInfo): Promise<boolean> => {
    if (isOwn(container)) return slots.has(container.Labels[Label.slot] ?? "");
    const owner = foreignOf(container);
    if (dead.has(directoryOf(owner))) return false;
    return !(mayJudge && isOurs(container) && (await instance.isProvedDead(owner.instance)));
  };
  const limit = pLimit(CONCURRENCY);
  const removals = containers.map((container) =>
    limit(async (): Promise<number> => {
      if (await isOwned(container)) return 0;
      try {
        await removeContainer(docker.getContainer(container.Id));
        return 1;
      } catch (error) {
        // A failed removal does not stop the others; 409 means that another removal is in progress.
        if (engineStatus(error) !== 409) onError(error);
        return 0;
      }
    }),
  );
  const removed = await Promise.all(removals);
  await instance.removeDead();
  return removed.reduce((sum, count) => sum + count, 0);
}

function foreignOf({ Labels, ImageID }: ContainerInfo): Foreign {
  return {
    runDirectory: Labels[Label.runDirectory] ?? "",
    instance: Labels[Label.instance] ?? "",
    image: ImageID,
  };
}
