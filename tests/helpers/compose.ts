import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { containersOf, docker } from "./containers.ts";
import { listenLocally } from "./egress.ts";
import { copySources } from "./isolate-images.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Debian's program, or else the plug-in of the engine's own client. */
const PROGRAM = ["docker-compose", "docker compose"].find(
  (program) => spawnSync("sh", ["-c", `${program} version`]).status === 0,
);
export const hasCompose = PROGRAM !== undefined;
/** Label of everything that belongs to a project. */
const PROJECT = "com.docker.compose.project";
const READY_WITHIN = 60_000;
const POLL = 200;

/** Runs compose.yaml in a folder of its own, as in a clone. */
export class ComposeProject {
  readonly adminKey = randomBytes(32).toString("hex");
  readonly runDirectory: string;
  readonly url: string;
  readonly #directory: string;
  readonly #settings: Record<string, string>;
  readonly #name: string;

  private constructor(directory: string, port: number) {
    this.#directory = directory;
    this.#name = `isolate-${randomBytes(4).toString("hex")}`;
    this.runDirectory = join(directory, "run");
    this.url = `http://127.0.0.1:${port}`;
    this.#settings = {
      ISOLATE_ADMIN_KEY: this.adminKey,
      ISOLATE_SECRET_KEY: randomBytes(32).toString("hex"),
      POSTGRES_PASSWORD: randomBytes(16).toString("hex"),
      ISOLATE_RUN_DIR: this.runDirectory,
      LISTEN: `127.0.0.1:${port}`,
    };
  }

  static async create(): Promise<ComposeProject> {
    const directory = await mkdtemp(join(tmpdir(), "compose-"));
    const probe = createServer();
    const port = await listenLocally(probe);
    probe.close();
    const project = new ComposeProject(directory, port);
    await copySources(directory);
    await cp(join(ROOT, "compose.yaml"), join(directory, "compose.yaml"));
    await mkdir(project.runDirectory);
    await project.set({});
    return project;
  }

  /** Adds lines to `.env`, for containers that are created from then on. */
  async set(settings: Readonly<Record<string, string>>): Promise<void> {
    Object.assign(this.#settings, settings);
    const lines = Object.entries(this.#settings).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(join(this.#directory, ".env"), lines.join(""));
  }

  /** Runs a command of Compose. Returns its output, errors last. */
  async compose(...args: string[]): Promise<string> {
    const options = { cwd: this.#directory, maxBuffer: 16_777_216 };
    const [program = "", ...plugin] = PROGRAM?.split(" ") ?? [];
    const all = [...plugin, "--project-name", this.#name, ...args];
    const { stdout, stderr } = await run(program, all, options);
    return stdout + stderr;
  }

  async ready(): Promise<void> {
    const answer = (): Promise<boolean> =>
      fetch(`${this.url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    for (const end = Date.now() + READY_WITHIN; !(await answer()); ) {
      if (Date.now() > end) throw new Error(await this.compose("logs", "control-plane"));
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
  }

  /** Sends a request with an optional JSON body and an optional key. */
  async ask(method: string, path: string, body?: unknown, key?: string) {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...(key !== undefined && { Authorization: `Bearer ${key}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text) };
  }

  /** Returns the host's address in one of the networks. */
  async hostIn(network: string): Promise<string> {
    const { IPAM } = await docker.getNetwork(`${this.#name}_${network}`).inspect();
    return IPAM?.Config?.[0]?.Gateway ?? "";
  }

  /** Lists the networks of a service, without the project's name. */
  async networksOf(service: string): Promise<string[]> {
    const label = [`${PROJECT}=${this.#name}`, `com.docker.compose.service=${service}`];
    const [container] = await docker.listContainers({ filters: { label } });
    const names = Object.keys(container?.NetworkSettings.Networks ?? {});
    return names.map((name) => name.slice(this.#name.length + 1));
  }

  /** Lists what the project has left in the engine. */
  async remains(): Promise<string[]> {
    const filters = { label: [`${PROJECT}=${this.#name}`] };
    const containers = await docker.listContainers({ all: true, filters });
    const networks = await docker.listNetworks({ filters });
    const { Volumes: volumes } = await docker.listVolumes({ filters });
    return [
      ...containers.flatMap(({ Names }) => Names),
      ...[...networks, ...volumes].map(({ Name }) => Name),
    ];
  }

  async dispose(): Promise<void> {
    await this.compose("down", "--volumes", "--rmi", "local");
    // Removes containers of a control plane that was killed before it could do so.
    for (const id of await containersOf(this.runDirectory)) {
      await docker.getContainer(id).remove({ force: true });
    }
    await rm(this.#directory, { recursive: true, force: true });
  }
}
