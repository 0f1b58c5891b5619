import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Container, ContainerCreateOptions } from "dockerode";
import type { EgressReport, EgressSettings } from "../../src/egress-client/egress.ts";
import { Label } from "../../src/engines/container/flags.ts";
import { ContainerLauncher } from "../../src/engines/container/launcher.ts";
import { Sidecar } from "../../src/engines/container/sidecar.ts";
import type { Ending, JobGrants, Sandbox } from "../../src/engines/contract/contract.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { OUTPUT_LIMITS } from "../../src/protocol/limits.ts";
import type { Denial } from "../../src/request/types.ts";
import { until } from "../contract/engine-contract.ts";
import { docker, runtime } from "../helpers/containers.ts";

const PROFILE = { memory: 256, cpus: 1 };
const WITHIN = 20_000;

export type Adjust = (options: ContainerCreateOptions) => ContainerCreateOptions;

/** Runner in the sandbox. In an `open` one, the Worker has all permissions of its process. */
export type Runner = "real" | "open";

export interface SiteOptions {
  /** Names of the images. */
  readonly images: Readonly<Record<Runner, string>>;
  readonly egress: EgressSettings;
  /** Program of the proxy, in place of the image's. */
  readonly program?: string | undefined;
  /** Changes the proxy's container, for example its network. Default: the host's network. */
  readonly place?: Adjust;
  /** Changes the sandboxes, but not the containers that hold their networks. */
  readonly adjust?: Adjust | undefined;
}

/** Result of a job: its end, its return value, and the proxy's denials. */
export interface Seen {
  readonly ending: Ending;
  readonly result: unknown;
  readonly denied: readonly Denial[];
}

/** A proxy and the sandboxes that use it, as of one control plane. */
export class EgressSite {
  readonly instance: Instance;
  readonly sidecar: Sidecar;
  /** True to run code where code has run before, if that was cleaned up. */
  reuses = false;
  /** Number of runs in a used sandbox. */
  reused = 0;
  readonly #used = new Map<Runner, Sandbox>();
  readonly #directory: string;
  readonly #launchers: Readonly<Record<Runner, ContainerLauncher>>;

  private constructor(directory: string, instance: Instance, options: SiteOptions) {
    const { images, egress, program } = options;
    const { place = (created) => created, adjust = (created) => created } = options;
    const slots = new Set<string>();
    const log = (): void => {};
    this.#directory = directory;
    this.instance = instance;
    this.sidecar = new Sidecar({
      docker,
      instance,
      slots,
      log,
      egress,
      image: () => images.real,
      adjust: (created) => {
        const placed = place(created);
        if (program === undefined) return placed;
        const binds = [...(placed.HostConfig?.Binds ?? []), `${program}:/egress/egress.js:ro`];
        return { ...placed, HostConfig: { ...placed.HostConfig, Binds: binds } };
      },
    });
    this.sidecar.keep();
    const shared = { docker, instance, slots, adjust, runtime, egress: this.sidecar };
    const reach = { env: [], net: true, read: [], write: [], sys: false };
    const launcher = (runner: Runner): ContainerLauncher =>
      new ContainerLauncher({ ...shared, reach, image: () => images[runner] });
    this.#launchers = { real: launcher("real"), open: launcher("open") };
  }

  /** Opens a site. `program` is the proxy's source text. */
  static async open(options: SiteOptions): Promise<EgressSite> {
    const directory = await mkdtemp(join(tmpdir(), "site-"));
    const instance = await Instance.create(join(directory, "run"));
    const program = options.program && join(directory, "egress.js");
    if (program !== undefined) await writeFile(program, options.program ?? "");
    const site = new EgressSite(directory, instance, { ...options, program });
    try {
      await until(() => site.sidecar.up);
      return site;
    } catch (error) {
      await site.close();
      throw error;
    }
  }

  launch(runner: Runner): Promise<Sandbox> {
    return this.#launchers[runner].launch(PROFILE);
  }

  /** Runs code in a sandbox of its own, or in a used one if it `reuses` them. `before` is awaited once the sandbox exists. */
  async run(
    runner: Runner,
    grants: JobGrants | undefined,
    code: string,
    input?: unknown,
    before: () => Promise<void> = async () => {},
    tenant?: string,
  ): Promise<Seen> {
    const used = this.#used.get(runner);
    this.#used.delete(runner);
    const sandbox = used ?? (await this.launch(runner));
    let isClean = false;
    try {
      await before();
      const seen = await runIn(sandbox, grants, code, input, tenant, this.reuses);
      isClean = this.reuses && (await sandbox.renew?.().catch(() => false)) === true;
      return seen;
    } finally {
      if (isClean) this.#used.set(runner, sandbox);
      else await sandbox.destroy();
      if (used !== undefined) this.reused += 1;
    }
  }

  /** Ends the sandboxes that wait for further code. */
  async dropUsed(): Promise<void> {
    for (const sandbox of this.#used.values()) await sandbox.destroy();
    this.#used.clear();
  }

  /** Kills the proxy's container, and resolves when that has been noticed. */
  async killProxy(): Promise<void> {
    await (await this.#proxy()).kill();
    await until(() => !this.sidecar.up);
  }

  /**
   * Pauses the proxy, so that it accepts but never answers. Resolves with a function that resumes
   * it.
   */
  async pauseProxy(): Promise<() => Promise<void>> {
    const proxy = await this.#proxy();
    await proxy.pause();
    return () => proxy.unpause();
  }

  async #proxy(): Promise<Container> {
    const label = [`${Label.kind}=egress`, `${Label.instance}=${this.instance.id}`];
    const [proxy] = await docker.listContainers({ filters: { label } });
    return docker.getContainer(proxy?.Id ?? "");
  }

  /** Removes the networks that earlier sandboxes left for later ones. */
  async dropNetworks(): Promise<void> {
    for (const { networks } of Object.values(this.#launchers)) await networks.close();
  }

  async close(): Promise<void> {
    await this.dropUsed();
    await this.sidecar.close();
    await this.dropNetworks();
    await this.instance.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Runs code in an existing sandbox, as an execution of `tenant` if one is given. */
export async function runIn(
  sandbox: Sandbox,
  grants: JobGrants | undefined,
  code: string,
  input: unknown = null,
  tenant?: string,
  renew = false,
): Promise<Seen> {
  let denied: readonly Denial[] = [];
  const job = {
    code,
    entry: "default",
    input: JSON.stringify(input),
    tools: [],
    limits: OUTPUT_LIMITS,
    grants,
    tenant,
    renew,
  };
  const onEgress = (report: EgressReport): void => {
    denied = report.denied;
  };
  const ending = await sandbox.run(job, { onLog: () => {}, onEgress }, WITHIN);
  const text = ending.type === "result" ? ending.text : undefined;
  return { ending, result: text === undefined ? undefined : JSON.parse(text), denied };
}

/** Makes grants: `net` for the Worker in Deno's form, `egress` for the proxy. */
export function grants(net: readonly string[], egress: readonly string[] | null): JobGrants {
  const none = { env: false, read: false, write: false, sys: false } as const;
  const never = { run: false, ffi: false, import: false } as const;
  return { worker: { ...none, ...never, net }, env: {}, egress };
}
