/** Tests the priorities of processes while they start, and afterwards. */
import { readdir, readFile } from "node:fs/promises";
import { getPriority, setPriority } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { statFields } from "../../src/base/process-stat.ts";
import type { Sandbox } from "../../src/engines/contract/contract.ts";
import type { DenoProcessLauncher } from "../../src/engines/deno-process/launcher.ts";
import { job, PROFILE } from "../contract/engine-contract.ts";
import { processLauncher, type TestLauncher } from "../helpers/launchers.ts";

/** Position of a thread's priority behind its name. */
const NICE = 16;

let stage: TestLauncher<DenoProcessLauncher>;
let launcher: DenoProcessLauncher;
beforeAll(async () => {
  stage = await processLauncher();
  ({ launcher } = stage);
});
afterAll(async () => {
  await launcher.close();
  await stage.remove();
});

/** Lists the priorities of all threads of a process, as the kernel tells them. */
async function priorities(pid: number): Promise<number[]> {
  const found = new Set<number>();
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, "utf8").catch(() => "");
    const nice = statFields(stat)[NICE];
    if (nice !== undefined) found.add(Number(nice));
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

/** Starts a sandbox whose process is stopped as soon as it runs, so that it can be looked at. */
async function stopped(hurried: boolean) {
  const { spawner } = launcher;
  const start = spawner.start.bind(spawner);
  let launch: Promise<Sandbox> | undefined;
  const pid = await new Promise<number>((resolve, reject) => {
    spawner.start = async (command) => {
      const child = await start(command);
      process.kill(child.pid, "SIGSTOP");
      // Later than the launcher, which goes on at once.
      setImmediate(() => resolve(child.pid));
      return child;
    };
    launch = launcher.launch(PROFILE, undefined, hurried);
    launch.catch(reject);
  }).finally(() => {
    spawner.start = start;
  });
  return { launch: launch as Promise<Sandbox>, pid };
}

it("are low while nobody waits, and those of this process as soon as it can be lent", async () => {
  const usual = getPriority();
  for (const hurried of [false, true]) {
    const { launch, pid } = await stopped(hurried);
    const lowered = await priorities(pid);
    process.kill(pid, "SIGCONT");
    const sandbox = await launch;
    expect(lowered).toContain(!hurried && mayRaise() ? usual + 10 : usual);
    expect(await priorities(pid)).toEqual([usual]);
    const ending = await sandbox.run(job("export default () => 1"), { onLog: () => {} }, 20_000);
    expect(ending).toMatchObject({ type: "result", text: "1" });
    expect(await priorities(pid)).toEqual([usual]);
    await sandbox.destroy();
  }
});

it("are no longer low if the start takes long", async () => {
  const { launch, pid } = await stopped(false);
  while ((await priorities(pid)).some((each) => each !== getPriority())) await sleep(50);
  process.kill(pid, "SIGCONT");
  await (await launch).destroy();
});
