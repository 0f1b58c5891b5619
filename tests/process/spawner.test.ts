/** Tests the process that starts the sandboxes of level `isolated`, and its end. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readdir, readFile, readlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { denoBinary } from "../../src/deno/deno.ts";
import type { Sandbox } from "../../src/engines/contract/contract.ts";
import type { DenoProcessLauncher } from "../../src/engines/deno-process/launcher.ts";
import type { Command } from "../../src/engines/spawner/orders.ts";
import { Spawner } from "../../src/engines/spawner/spawner.ts";
import { job, PROFILE } from "../contract/engine-contract.ts";
import { processLauncher, type TestLauncher } from "../helpers/launchers.ts";

const LOOP = "export default () => { for (;;); }";

let stage: TestLauncher<DenoProcessLauncher>;
let directory: string;
let launcher: DenoProcessLauncher;
beforeAll(async () => {
  stage = await processLauncher("inherit");
  ({ directory, launcher } = stage);
});
afterAll(async () => {
  await launcher.close();
  await stage.remove();
});

async function run(sandbox: Sandbox, code: string): Promise<unknown> {
  const ending = await sandbox.run(job(code, undefined), { onLog: () => {} }, 20_000);
  return "text" in ending ? JSON.parse(String(ending.text)) : ending;
}

/** Waits for the end of a process. Whether its new parent has taken note of that is another matter. */
async function gone(pid: unknown): Promise<void> {
  while (await isRunning(pid)) await sleep(20);
}

async function isRunning(pid: unknown): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat !== undefined && !/\) [ZX] /.test(stat);
}

/** Tells whether a process has an argument, without a turn of the event loop. */
function runs(argument: string): boolean {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.some((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(argument);
    } catch {
      return false;
    }
  });
}

/** Command of a process that waits, and that is recognised as one of this directory's. */
function waiting(): Command {
  const code = "setInterval(() => {}, 1_000)";
  return { file: denoBinary(), args: ["eval", code, `${directory}/x`], cwd: directory, env: {} };
}

it("starts each sandbox by a small process, and another one after its end", async () => {
  const [first, second] = await Promise.all([launcher.launch(PROFILE), launcher.launch(PROFILE)]);
  const pid = await run(first, "export default () => Deno.pid");
  const parent = async (of: unknown): Promise<number> =>
    Number(/^PPid:\t(\d+)$/m.exec(await readFile(`/proc/${of}/status`, "utf8"))?.[1]);
  const spawner = launcher.spawner.pid;
  expect(await parent(pid)).toBe(spawner);
  const running = run(second, LOOP);
  process.kill(Number(spawner), "SIGKILL");
  await Promise.all([first.closed, second.closed, running.catch(() => {}), gone(pid)]);
  expect(await second.diagnose()).toMatchObject({ name: "CrashError" });
  await Promise.all([first.destroy(), second.destroy()]);

  const third = await launcher.launch(PROFILE);
  expect(await run(third, "export default () => 42")).toBe(42);
  expect(launcher.spawner.pid).not.toBe(spawner);
  await third.destroy();
});

it("passes none of its own descriptors on, nor those of other sandboxes", async () => {
  const sandboxes = await Promise.all([launcher.launch(PROFILE), launcher.launch(PROFILE)]);
  const targets = async (pid: unknown): Promise<string[]> => {
    const names = await readdir(`/proc/${pid}/fd`);
    const all = names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => ""));
    return (await Promise.all(all)).filter((target) =>
      /^(socket|pipe|anon_inode:\[eventpoll)/.test(target),
    );
  };
  const pids = await Promise.all(sandboxes.map((one) => run(one, "export default () => Deno.pid")));
  const [one = [], other = [], spawner = [], server = []] = await Promise.all(
    [...pids, launcher.spawner.pid, process.pid].map(targets),
  );
  const shared = (a: string[], b: string[]) =>
    a.filter((each) => /\d/.test(each) && b.includes(each));
  expect(one.length).toBeGreaterThan(0);
  expect([shared(one, other), shared(one, spawner), shared(one, server)]).toEqual([[], [], []]);
  await Promise.all(sandboxes.map((sandbox) => sandbox.destroy()));
});

it("keeps its other processes if it is late to kill one", async () => {
  const spawner = new Spawner();
  const [other, one] = await Promise.all([spawner.start(waiting()), spawner.start(waiting())]);
  const { pid } = spawner;
  process.kill(Number(pid), "SIGSTOP");
  spawner.patience = 200;
  one.signal("SIGKILL");
  spawner.patience = 20_000;
  // Dead, and not yet taken note of by its parent.
  while (!(await readFile(`/proc/${one.pid}/stat`, "utf8")).includes(") Z ")) await sleep(20);
  process.kill(Number(pid), "SIGCONT");
  expect(await one.ended).toEqual({ ended: 2, code: 137, said: "" });
  expect(existsSync(`/proc/${other.pid}`)).toBe(true);
  expect(spawner.pid).toBe(pid);
  spawner.close();
  await gone(other.pid);
});

it("is killed with its processes if it does not obey", async () => {
  const spawner = new Spawner();
  const { pid, ended, signal } = await spawner.start(waiting());
  const first = Number(spawner.pid);
  process.kill(first, "SIGSTOP");
  spawner.patience = 200;
  signal("SIGKILL");
  expect(await ended).toBeUndefined();
  await Promise.all([gone(pid), gone(first)]);

  spawner.patience = 20_000;
  const second = await spawner.start(waiting());
  process.kill(Number(spawner.pid), "SIGSTOP");
  spawner.patience = 200;
  await expect(spawner.start(waiting())).rejects.toThrow("Starting a process took over 200 ms");
  await gone(second.pid);

  // A failure to start one process ends no other.
  spawner.patience = 20_000;
  const third = await spawner.start(waiting());
  const missing = { ...waiting(), file: "/nowhere/program" };
  await expect(spawner.start(missing)).rejects.toThrow("/nowhere/program could not be started");
  const failing = await spawner.start({ ...waiting(), args: ["eval", "throw new Error('Said')"] });
  expect(await failing.ended).toMatchObject({ code: 1, said: expect.stringContaining("Said") });
  expect(existsSync(`/proc/${third.pid}`)).toBe(true);
  spawner.close();
  await gone(third.pid);
});

it("leaves no process when it is lost, whatever its program is by now", async () => {
  const spawner = new Spawner();
  const other = { file: process.execPath, args: ["-e", "setInterval(() => {}, 1_000)"] };
  const first = await spawner.start({ ...waiting(), ...other });
  process.kill(Number(spawner.pid), "SIGKILL");
  expect(await first.ended).toBeUndefined();
  await gone(first.pid);

  const second = await spawner.start(waiting());
  const mark = `${directory}/late`;
  const late = spawner.start({ ...waiting(), args: [...waiting().args, mark] });
  // Started meanwhile, and its report is written, but comes after the end.
  const pause = (ms: number): unknown =>
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  for (let look = 0; look < 500 && !runs(mark); look += 1) pause(20);
  pause(1_000);
  spawner.close();
  await expect(late).rejects.toThrow("could not be started");
  await gone(second.pid);
  while (runs(mark)) await sleep(20);
});
