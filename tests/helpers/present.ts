import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { containersOf } from "./containers.ts";
import type { TestServer } from "./server.ts";

/** Descriptors more than before: of connections of the client, and of control groups watched. */
export const DESCRIPTORS = 16;

/** Figures of what there is because of a server. */
export interface Present {
  readonly sandboxes: number;
  /** Holders of network namespaces, which are lent to one sandbox after the other. */
  readonly networks: number;
  readonly processes: number;
  /** Files and directories of the server, one of each sandbox among them. */
  readonly files: number;
  readonly descriptors: number;
  readonly memory: number;
}

export async function present(server: TestServer): Promise<Present> {
  const status = await readFile(`/proc/${server.pid}/status`, "utf8");
  return {
    sandboxes: (await containersOf(server.runDirectory, "sandbox")).length,
    networks: (await containersOf(server.runDirectory, "network")).length,
    processes: (await descendants(server.pid)).length,
    files: (await ownFiles(server)).length,
    descriptors: (await readdir(`/proc/${server.pid}/fd`)).length,
    memory: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024,
  };
}

/** Lists what is in the directory of the server, and not deeper: compiled code varies there. */
async function ownFiles({ runDirectory }: TestServer): Promise<string[]> {
  const instances = await readdir(runDirectory);
  const found = await Promise.all(instances.map((id) => readdir(join(runDirectory, id))));
  return found.flat();
}

async function descendants(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const texts = threads.map((thread) =>
    readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => ""),
  );
  const children = (await Promise.all(texts)).join(" ").split(" ").filter(Boolean).map(Number);
  const further = await Promise.all(children.map(descendants));
  return [...children, ...further.flat()];
}

/** Resolves with the figures once they are no larger than those before, or fails with what is. */
export async function atRest(server: TestServer, before?: Present): Promise<Present> {
  let now = await present(server);
  let last = now;
  for (let tries = 0; ; tries += 1) {
    const isSteady =
      now.sandboxes === last.sandboxes &&
      now.processes === last.processes &&
      now.files === last.files;
    const isAsBefore =
      before === undefined ||
      (now.sandboxes <= before.sandboxes &&
        now.processes <= before.processes &&
        now.files <= before.files &&
        now.descriptors <= before.descriptors + DESCRIPTORS);
    if ((tries > 5 && isSteady && isAsBefore) || tries > 60) return now;
    await new Promise((resolve) => setTimeout(resolve, 500));
    last = now;
    now = await present(server);
  }
}
