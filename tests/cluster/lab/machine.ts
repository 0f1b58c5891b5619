import { execFile, spawn } from "node:child_process";
import { mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type Docker from "dockerode";
import { dockerClient } from "../../../src/engines/container/docker.ts";
import { until } from "../../contract/engine-contract.ts";
import { notePid } from "./leftovers.ts";
import type { LabNames } from "./names.ts";
import { makeNamespace } from "./network.ts";

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL("node.sh", import.meta.url));
/** Milliseconds between two looks at an engine that starts or ends. */
const LOOK_EVERY = 50;

/** A machine of a lab with a Docker Engine, which thinks that it is alone. */
export class Machine {
  readonly name: string;
  readonly address: string;
  readonly docker: Docker;
  readonly #names: LabNames;
  readonly #directory: string;
  readonly #network: string;
  /** Process with which the machine ends. */
  #pid = 0;

  private constructor(names: LabNames, name: string, last: number, network: string) {
    this.name = name;
    this.address = names.address(last);
    this.#names = names;
    this.#network = network;
    this.#directory = join(names.directory, name);
    this.docker = dockerClient(this.path("/run/docker.sock"));
  }

  /** Makes a machine that is switched off. */
  static async create(names: LabNames, name: string, last: number): Promise<Machine> {
    const machine = new Machine(names, name, last, await makeNamespace(names, name, last));
    for (const folder of ["/run", "/var/lib/docker"]) {
      await mkdir(machine.path(folder), { recursive: true });
    }
    // Nobody answers there, so that a question for a registry's address is refused at once.
    await writeFile(machine.path("/resolv.conf"), `nameserver ${machine.address}\n`);
    return machine;
  }

  /** Returns where the host has a file of the machine. */
  path(inside: string): string {
    return join(this.#directory, inside);
  }

  /** Switches it on. Nothing is below `/run`, as after a boot. */
  async start(): Promise<void> {
    await rm(this.path("/run"), { recursive: true, force: true });
    await mkdir(this.path("/run"));
    const log = await open(this.path("/log"), "a");
    const group = this.#names.namespace(this.name);
    const args = ["sh", SCRIPT, group, this.name, this.#directory, this.#network];
    const child = spawn("setpriv", ["--pdeathsig=KILL", ...args], {
      stdio: ["ignore", log.fd, log.fd],
      // Settings of an engine on this host are none of the machine.
      env: { PATH: process.env.PATH },
    });
    await log.close();
    this.#pid = child.pid ?? 0;
    await notePid(this.#names, this.name, this.#pid);
    await until(() => this.docker.ping().then(Boolean, () => false), LOOK_EVERY);
  }

  /** Switches it off, as a power failure does. */
  async kill(): Promise<void> {
    process.kill(this.#pid, "SIGKILL");
    await until(
      () =>
        this.docker.ping().then(
          () => false,
          () => true,
        ),
      LOOK_EVERY,
    );
  }

  /** Stops its engine as an operator does, with all that runs on it. */
  async stop(): Promise<void> {
    process.kill(await this.#init(), "SIGTERM");
    await until(
      () =>
        this.docker.ping().then(
          () => false,
          () => true,
        ),
      LOOK_EVERY,
    );
  }

  /** Loads images of the host's engine. */
  async load(images: readonly string[]): Promise<void> {
    const into = `docker --host=unix://${this.path("/run/docker.sock")} load --quiet`;
    await run("sh", ["-c", `docker save ${images.join(" ")} | ${into}`]);
  }

  /** Takes over the images of another one, which is off. Layers are not written again, so they are shared. */
  async takeImages(other: Machine): Promise<void> {
    for (const part of ["overlay2", "image"]) {
      const [from, to] = [other, this].map((one) => one.path(`/var/lib/docker/${part}`));
      const flags = part === "image" ? ["-a"] : ["-a", "--link"];
      await run("cp", [...flags, from ?? "", to ?? ""]);
    }
  }

  /** Runs a script on it, in a folder. Returns what it prints. Its failure is an error. */
  async run(script: string, directory = "/", env: Record<string, string> = {}): Promise<string> {
    const namespaces = ["--mount", "--net", "--uts", "--ipc", "--pid"];
    const target = [`--target=${await this.#init()}`, ...namespaces, `--wd=${directory}`];
    const text = `set -euo pipefail\n${script}\n`;
    const options = { env: { PATH: process.env.PATH, ...env }, maxBuffer: 16_777_216 };
    const { stdout } = await run("nsenter", [...target, "bash", "--norc", "-c", text], options);
    return stdout;
  }

  /** Runs a program in the task of a service. */
  async inTask(service: string, ...command: string[]): Promise<string> {
    const [id = ""] = await this.tasks(service);
    return this.run(`docker exec ${id} ${command.map((one) => `'${one}'`).join(" ")}`);
  }

  /** Lists the running containers of a service. */
  async tasks(service: string): Promise<string[]> {
    const filters = { label: [`com.docker.swarm.service.name=${service}`], status: ["running"] };
    return (await this.docker.listContainers({ filters })).map(({ Id }) => Id);
  }

  /** Returns the host's number of its first process. */
  async #init(): Promise<number> {
    return Number(await readFile(`/proc/${this.#pid}/task/${this.#pid}/children`, "utf8"));
  }
}
