import { readRunner } from "../src/deno/runner.ts";
import { ensureRunnerImage } from "../src/engines/container/runner-image.ts";
import { docker } from "./helpers/containers.ts";

/** Makes the image of sandboxes once. Test files that run side by side would each make it. */
export default async function setup(): Promise<void> {
  const image = ensureRunnerImage(docker, await readRunner(), console.error);
  // Tests that need an engine fail by themselves where there is none.
  await image.catch((error: unknown) => console.error(error));
}
