import type Docker from "dockerode";
import type { Container } from "dockerode";
import { deadline } from "../../base/deadline.ts";
import { call, engineStatus } from "./docker.ts";

/** Milliseconds in which a program without its control connection ends by itself. */
const ENDS_WITHIN = 1_000;

/** Lists the containers that have all of these labels, including ended ones. */
export async function labelled(docker: Docker, ...label: readonly string[]): Promise<Container[]> {
  const options = { all: true, filters: { label: [...label] } };
  const found = await call("listing", docker.listContainers(options));
  return found.map(({ Id }) => docker.getContainer(Id));
}

/** Kills and removes a container. A missing one is no error. */
export async function removeContainer(container: Container): Promise<void> {
  try {
    await call("removal", container.remove({ force: true, v: true }));
  } catch (error) {
    if (engineStatus(error) !== 404) throw error;
  }
}

/**
 * Removes a container whose program has lost its control connection and so ends by itself. To kill
 * one, the engine starts a process of its own, which costs more than to wait. A program that goes on
 * is killed.
 */
export async function removeEnding(container: Container): Promise<void> {
  const ended: Promise<unknown> = container.wait({ condition: "not-running" });
  // An engine that does not say so removes the container all the same, or fails to.
  await deadline(ended, ENDS_WITHIN, "The end of a sandbox").catch(() => {});
  await removeContainer(container);
}
