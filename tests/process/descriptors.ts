/**
 * Starts a sandbox. Prints as JSON the targets of this program's descriptors and of the sandbox's.
 */
import { mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRunner, writeRunner } from "../../src/deno/runner.ts";
import { DenoProcessLauncher } from "../../src/engines/deno-process/launcher.ts";
import { OUTPUT_LIMITS } from "../../src/protocol/limits.ts";

async function targets(pid: unknown): Promise<string[]> {
  const names = await readdir(`/proc/${pid}/fd`);
  const all = names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => ""));
  return (await Promise.all(all)).filter((target) => target !== "");
}

const directory = await mkdtemp(join(tmpdir(), "isolate-"));
const runnerDirectory = join(directory, "runner");
await writeRunner(await readRunner(), runnerDirectory);
const launcher = new DenoProcessLauncher({ instanceDirectory: directory, runnerDirectory });
const sandbox = await launcher.launch({ memory: 128, cpus: 1 });
const job = {
  code: "export default () => Deno.pid",
  entry: "default",
  input: undefined,
  tools: [],
  limits: OUTPUT_LIMITS,
};
const ending = await sandbox.run(job, { onLog: () => {} }, 20_000);
const pid = "text" in ending ? ending.text : undefined;
console.log(JSON.stringify({ own: await targets("self"), sandbox: await targets(pid) }));
await sandbox.destroy();
await launcher.close();
await rm(directory, { recursive: true });
