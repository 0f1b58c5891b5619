import type Docker from "dockerode";
import type { Container } from "dockerode";
import { call, engineStatus } from "./docker.ts";

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
