import type { Container } from "dockerode";
import { call, engineStatus } from "./docker.ts";

/** Kills and removes a container; one that is gone already is no error. */
export async function removeContainer(container: Container): Promise<void> {
  try {
    await call("removal", container.remove({ force: true, v: true }));
  } catch (error) {
    if (engineStatus(error) !== 404) throw error;
  }
}
