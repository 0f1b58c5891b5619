import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { dockerClient } from "../../src/engines/container/docker.ts";
import { until } from "../contract/engine-contract.ts";
import { hasGVisor, RUNTIMES } from "./gvisor.ts";

/**
 * A Docker Engine of the test's own besides the machine's. Tests may stop and start it. It knows
 * gVisor's runtime if that is installed.
 */
export class PrivateEngine {
  readonly directory: string;
  readonly socket: string;
  readonly docker: Docker;
  #daemon: ChildProcess | undefined;

  private constructor(directory: string) {
    this.directory = directory;
    this.socket = join(directory, "docker.sock");
    this.docker = dockerClient(this.socket);
  }

  static async create(): Promise<PrivateEngine> {
    const engine = new PrivateEngine(await mkdtemp(join(tmpdir(), "isolate-engine-")));
    await engine.start();
    return engine;
  }

  async start(): Promise<void> {
    const at = (name: string): string => join(this.directory, name);
    await writeFile(at("daemon.json"), JSON.stringify(hasGVisor ? { runtimes: RUNTIMES } : {}));
    const args = [
      `--config-file=${at("daemon.json")}`,
      `--host=unix://${this.socket}`,
      `--data-root=${at("data")}`,
      `--exec-root=${at("exec")}`,
      `--pidfile=${at("pid")}`,
      "--iptables=false",
      "--ip-forward=false",
    ];
    this.#daemon = spawn("dockerd", args, { stdio: "ignore" });
    await until(async () => existsSync(this.socket) && (await this.#answers()));
  }

  /** Stops the daemon as an operator would, with its containers. */
  async stop(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === undefined || daemon.exitCode !== null) return;
    const exited = new Promise((resolve) => daemon.once("exit", resolve));
    daemon.kill("SIGTERM");
    await exited;
  }

  /** Stops the daemon, ends what an earlier one has left running, and removes its files. */
  async dispose(): Promise<void> {
    await this.stop();
    for (const pid of await processesWith(this.directory)) process.kill(pid, "SIGKILL");
    // A daemon that was killed leaves what it has mounted: layers of containers, and a network namespace.
    for (const path of await mountsBelow(this.directory)) {
      spawnSync("umount", ["--lazy", path], { stdio: "ignore" });
    }
    await rm(this.directory, { recursive: true, force: true });
  }

  #answers(): Promise<boolean> {
    return this.docker.ping().then(
      () => true,
      () => false,
    );
  }
}

/** Lists the processes whose command line contains `text`. */
async function processesWith(text: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    if (line.includes(text)) found.push(Number(name));
  }
  return found;
}

/** Lists what is mounted below a directory, the innermost first. */
async function mountsBelow(directory: string): Promise<string[]> {
  const lines = (await readFile("/proc/self/mounts", "utf8")).split("\n");
  const paths = lines.map((line) => line.split(" ")[1] ?? "");
  return paths.filter((path) => path.startsWith(`${directory}/`)).reverse();
}
