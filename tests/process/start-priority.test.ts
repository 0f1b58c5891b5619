/** Tests the priorities of processes while they start, and afterwards. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { getPriority, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readRunner, writeRunner } from "../../src/deno/runner.ts";
import { DenoProcessLauncher } from "../../src/engines/deno-process/launcher.ts";
import { job, PROFILE } from "../contract/engine-contract.ts";

/** Position of a thread's priority behind its name. */
const NICE = 16;

let directory: string;
let launcher: DenoProcessLauncher;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "priority-"));
  const runnerDirectory = join(directory, "runner");
  await writeRunner(await readRunner(), runnerDirectory);
  launcher = new DenoProcessLauncher({ instanceDirectory: directory, runnerDirectory });
});
afterAll(async () => {
  await launcher.close();
  await rm(directory, { recursive: true });
});

/** Lists the priorities of all threads of the sandboxes here, as the kernel tells them. */
async function priorities(): Promise<number[]> {
  const found = new Set<number>();
  const text = (path: string) => readFile(path, "utf8").catch(() => "");
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    if (!(await text(`/proc/${pid}/cmdline`)).includes(`${directory}/`)) continue;
    for (const thread of await readdir(`/proc/${pid}/task`).catch(() => [])) {
      const stat = await text(`/proc/${pid}/task/${thread}/stat`);
      const nice = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[NICE];
      if (nice !== undefined) found.add(Number(nice));
    }
  }
  return [...found];
}

/** Tells whether this process may raise priorities. Otherwise, none is lowered. */
function mayRaise(): boolean {
  const usual = getPriority();
  try {
    setPriority(usual - 1);
    setPriority(usual);
    return true;
  } catch {
    return false;
  }
}

it("are low while nobody waits, and those of this process as soon as it can be lent", async () => {
  const usual = getPriority();
  for (const hurried of [false, true]) {
    let lowest = usual;
    let isUp = false;
    const launch = launcher.launch(PROFILE, undefined, hurried).finally(() => {
      isUp = true;
    });
    while (!isUp) {
      lowest = Math.max(lowest, ...(await priorities()));
      await sleep(1);
    }
    expect(lowest - usual).toBe(!hurried && mayRaise() ? 10 : 0);
    const sandbox = await launch;
    expect(await priorities()).toEqual([usual]);
    const ending = await sandbox.run(job("export default () => 1"), { onLog: () => {} }, 20_000);
    expect(ending).toMatchObject({ type: "result", text: "1" });
    expect(await priorities()).toEqual([usual]);
    await sandbox.destroy();
  }
});
