import { readRunner } from "../src/deno/runner.ts";
import { ensureRunnerImage } from "../src/engines/container/runner-image.ts";
import { docker } from "./helpers/containers.ts";

/** Makes the image of sandboxes once, which files of tests beside each other would each make. */
export default async function setup(): Promise<void> {
  const image = ensureRunnerImage(docker, await readRunner(), console.error);
  // Without an engine, the tests that need one fail, each with its reason.
  await image.catch((error: unknown) => console.error(error));
}
