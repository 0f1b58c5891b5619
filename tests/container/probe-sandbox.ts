import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Container, ContainerCreateOptions, HostConfig } from "dockerode";
import { Label } from "../../src/engines/container/flags.ts";
import { ensureRunnerImage } from "../../src/engines/container/image.ts";
import { ContainerLauncher } from "../../src/engines/container/launcher.ts";
import { deadline } from "../../src/engines/deadline.ts";
import type { Ending, Profile, Sandbox } from "../../src/engines/engine.ts";
import { Instance } from "../../src/engines/instance.ts";
import { bundleRunner } from "../../src/engines/runner.ts";
import { DEFAULT_OUTPUT_LIMITS } from "../../src/protocol/limits.ts";
import { docker, runtime } from "../helpers/containers.ts";

/** What a probe saw: the object its code returned, and how it ended. */
export type Facts = Readonly<Record<string, unknown>>;

/** A change to a container's options, in place. */
export type Adjustment = (host: HostConfig, options: ContainerCreateOptions) => void;

/** One flag of a sandbox container, and code that tells whether it is there. */
export interface Protection {
  /** Its key in `containerOptions()`, and which one of several in it. */
  readonly flag: string;
  /** Body of an async function that returns what it saw. */
  readonly code: string;
  /** What the code sees with the flag, among other things. */
  readonly holds: Facts;
  /** What it sees without, so that failing for another reason does not count. */
  readonly removed: Facts;
  readonly weaken: Adjustment;
  /** Goes for both runs: takes other layers away that would hide this one. */
  readonly given?: Adjustment;
  readonly profile?: Partial<Profile>;
  readonly outside?: (container: Container) => Promise<Facts>;
}

export interface RunOptions {
  readonly adjustments?: readonly (Adjustment | undefined)[];
  readonly profile?: Partial<Profile> | undefined;
  /** What the engine knows about the container once its code has run. */
  readonly outside?: ((container: Container) => Promise<Facts>) | undefined;
}

/** A network without a way out, and the port a container of the tests listens on in it. */
export const PROBE_NETWORK = `isolate-probe-${process.pid}`;
export const UPSTREAM_PORT = 9000;

const PROFILE: Profile = { memory: 256, cpus: 1 };
const PROBE_WITHIN = 30_000;
const LISTENING = "listening";
const UPSTREAM_CODE = `
  const listener = Deno.listen({ hostname: "0.0.0.0", port: ${UPSTREAM_PORT} });
  console.log("${LISTENING}");
  for await (const connection of listener) connection.close();
`;

/** Starts probe sandboxes, and owns what they need beside them. */
export class Laboratory {
  readonly #docker: Docker;
  readonly #runDirectory: string;
  readonly #instance: Instance;
  readonly #cleanUp: (() => Promise<unknown>)[] = [];
  #realImage = "";
  #probeImage = "";
  #upstream = "";

  private constructor(docker: Docker, runDirectory: string, instance: Instance) {
    this.#docker = docker;
    this.#runDirectory = runDirectory;
    this.#instance = instance;
  }

  static async open(): Promise<Laboratory> {
    const runDirectory = await mkdtemp(join(tmpdir(), "probe-"));
    const instance = await Instance.create(runDirectory);
    const laboratory = new Laboratory(docker, runDirectory, instance);
    try {
      await laboratory.#prepare();
    } catch (error) {
      await laboratory.close();
      throw error;
    }
    return laboratory;
  }

  /** Runs a probe's code with every permission Deno has, so that the container alone holds it. */
  async probe(body: string, options: RunOptions = {}): Promise<Facts> {
    const adjustments = [grantAll, ...(options.adjustments ?? [])];
    return this.#run(this.#probeImage, body, { ...options, adjustments });
  }

  /** Runs a probe's code as a sandbox of the service does. */
  async probeUnmodified(body: string): Promise<Facts> {
    return this.#run(this.#realImage, body, {});
  }

  /** Removes all of it, also after a failure half-way. */
  async close(): Promise<void> {
    for (const remove of this.#cleanUp.reverse()) await remove().catch(() => {});
    await this.#instance.close();
    await rm(this.#runDirectory, { recursive: true, force: true });
  }

  async #prepare(): Promise<void> {
    const log = (): void => {};
    this.#realImage = await ensureRunnerImage(this.#docker, await bundleRunner(), log);
    const open = await ensureRunnerImage(this.#docker, await bundleRunner("inherit"), log);
    this.#probeImage = await this.#withRootAsUser(open);
    this.#upstream = await this.#startUpstream(open);
  }

  /** The runner image says "nobody" as well; in one that does not, the flag alone is to be seen. */
  async #withRootAsUser(image: string): Promise<string> {
    const repo = "isolate-probe";
    const tag = `${process.pid}`;
    const container = await this.#docker.createContainer({ Image: image });
    this.#cleanUp.push(() => this.#docker.getImage(`${repo}:${tag}`).remove());
    try {
      await container.commit({ repo, tag, changes: "USER 0:0" });
    } finally {
      await container.remove();
    }
    return `${repo}:${tag}`;
  }

  async #startUpstream(image: string): Promise<string> {
    const network = await this.#docker.createNetwork({ Name: PROBE_NETWORK, Internal: true });
    this.#cleanUp.push(() => network.remove());
    const container = await this.#docker.createContainer({
      Image: image,
      Cmd: ["eval", UPSTREAM_CODE],
      HostConfig: { NetworkMode: PROBE_NETWORK },
    });
    this.#cleanUp.push(() => container.remove({ force: true, v: true }));
    await container.start();
    await deadline(untilLogged(container, LISTENING), PROBE_WITHIN, "Starting the upstream");
    const { NetworkSettings } = await container.inspect();
    return NetworkSettings.Networks[PROBE_NETWORK]?.IPAddress ?? "";
  }

  async #run(image: string, body: string, options: RunOptions): Promise<Facts> {
    const launcher = new ContainerLauncher({
      docker: this.#docker,
      runtime,
      instance: this.#instance,
      image: () => image,
      adjust: (created) => {
        for (const adjustment of options.adjustments ?? []) {
          adjustment?.(created.HostConfig ?? {}, created);
        }
        return created;
      },
    });
    const sandbox = await launcher.launch({ ...PROFILE, ...options.profile });
    try {
      const job = {
        code: `${HELPERS}\nexport default async ({ upstream }) => {\n${body}\n};`,
        entry: "default",
        input: JSON.stringify({ upstream: this.#upstream }),
        tools: [],
        limits: DEFAULT_OUTPUT_LIMITS,
      };
      const ending = await deadline(
        sandbox.run(job, { onLog: () => {} }, PROBE_WITHIN),
        PROBE_WITHIN,
        "A probe",
      );
      const facts = await factsOf(sandbox, ending);
      return { ...facts, ...(await options.outside?.(await this.#containerOf(sandbox.id))) };
    } finally {
      await sandbox.destroy();
      await launcher.networks.close();
    }
  }

  async #containerOf(slot: string): Promise<Container> {
    const filters = { label: [`${Label.slot}=${slot}`] };
    const [found] = await this.#docker.listContainers({ all: true, filters });
    if (found === undefined) throw new Error(`No container has slot ${slot}`);
    return this.#docker.getContainer(found.Id);
  }
}

/** What the code of every probe may use. */
const HELPERS = `
/** "ok", or the code or message of what the work failed with. */
async function said(work) {
  try {
    await work();
    return "ok";
  } catch (error) {
    return error.code ?? error.message;
  }
}
const text = (path) => Deno.readTextFileSync(path);
/** What the kernel keeps about this container under that name, if it does. */
function cgroup(name) {
  try {
    return text("/sys/fs/cgroup/" + name);
  } catch {}
}
/** A field of this process's status, as the kernel tells it. */
function status(field) {
  return new RegExp("^" + field + ":\\\\s*(.*)$", "m").exec(text("/proc/self/status"))[1];
}
/** Functions of the C library, all of them returning an int. */
function libc(signatures) {
  const symbols = { __errno_location: { parameters: [], result: "pointer" } };
  for (const [name, parameters] of Object.entries(signatures)) {
    symbols[name] = { parameters, result: "i32" };
  }
  return Deno.dlopen("libc.so.6", symbols).symbols;
}
/** A call's result, or the negative errno, as the kernel itself returns it. */
const kernel = (c, result) =>
  result < 0 ? -new Deno.UnsafePointerView(c.__errno_location()).getInt32() : result;
`;

/** Replaces the permissions of the sandbox's Deno process by all there are. */
export const grantAll: Adjustment = (_host, options) => {
  const [command = "run", ...args] = options.Cmd ?? [];
  const kept = args.filter((arg) => !/^--(allow|deny)-/.test(arg));
  options.Cmd = [command, "-A", ...kept];
};

async function factsOf(sandbox: Sandbox, ending: Ending): Promise<Facts> {
  switch (ending.type) {
    case "result":
      return { ...JSON.parse(ending.text ?? "{}"), ended: "result" };
    case "error":
      return { ended: "error", fault: ending.fault };
    default:
      return { ended: "closed", fault: await sandbox.diagnose() };
  }
}

async function untilLogged(container: Container, line: string): Promise<void> {
  while (!(await container.logs({ stdout: true, stderr: true })).includes(line)) await sleep(50);
}
