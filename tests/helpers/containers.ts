import { readFile } from "node:fs/promises";
import type Docker from "dockerode";
import { statFields } from "../../src/base/process-stat.ts";
import { dockerClient, engineSocket } from "../../src/engines/container/docker.ts";
import { Label } from "../../src/engines/container/flags.ts";

/**
 * The engine under test, and the OCI runtime of its sandboxes. Undefined means the engine's own.
 */
export const docker: Docker = dockerClient(engineSocket(process.env.DOCKER_HOST));
export const runtime: string | undefined = process.env.ISOLATE_RUNTIME || undefined;

/** Lists the ids of a run directory's containers, in any state. */
export async function containersOf(
  runDirectory: string,
  kind?: "sandbox" | "network",
): Promise<string[]> {
  const label = [`${Label.runDirectory}=${runDirectory}`];
  if (kind !== undefined) label.push(`${Label.kind}=${kind}`);
  const found = await docker.listContainers({ all: true, filters: { label } });
  return found.map(({ Id }) => Id);
}

/** Returns process id → used CPU time in clock ticks, of each running sandbox process. */
export async function sandboxTicks(runDirectory: string): Promise<Map<number, number>> {
  const ticks = new Map<number, number>();
  for (const id of await containersOf(runDirectory, "sandbox")) {
    const { State } = await docker.getContainer(id).inspect();
    if (!State.Running) continue;
    const stat = await readFile(`/proc/${State.Pid}/stat`, "utf8").catch(() => "");
    const fields = statFields(stat);
    ticks.set(State.Pid, Number(fields[11]) + Number(fields[12]));
  }
  return ticks;
}
