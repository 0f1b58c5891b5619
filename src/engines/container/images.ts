import type Docker from "dockerode";
import { call, engineStatus } from "./docker.ts";

const PULL_WITHIN = 300_000;

/** Tells whether the engine has an image of this name. */
export async function hasImage(docker: Docker, name: string): Promise<boolean> {
  try {
    await call("image inspection", docker.getImage(name).inspect());
    return true;
  } catch (error) {
    if (engineStatus(error) === 404) return false;
    throw error;
  }
}

/** Makes the engine pull an image from its registry. Rejects if it cannot. */
export async function pullImage(docker: Docker, name: string): Promise<void> {
  const stream: NodeJS.ReadableStream = await call("pull", docker.pull(name), PULL_WITHIN);
  await call("pull", followProgress(docker, stream), PULL_WITHIN);
}

/** Reads an engine's progress stream to its end. Rejects with the error it reports, if any. */
export function followProgress(docker: Docker, stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error: Error | null) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
