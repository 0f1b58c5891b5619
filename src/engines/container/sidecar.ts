import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Container, ContainerCreateOptions } from "dockerode";
import { AdminClient } from "../../egress-client/admin-client.ts";
import type { Egress, EgressLease, EgressRun, EgressSettings } from "../../egress-client/egress.ts";
import { EgressLink } from "../../egress-client/link.ts";
import type { Instance } from "../instance/instance.ts";
import { call } from "./docker.ts";
import { Label, sidecarOptions } from "./flags.ts";
import { labelled, removeContainer } from "./remove.ts";

const UP_WITHIN = 15_000;
const CONNECT_EVERY = 50;
/** Bytes that the engine puts before each line of a log. */
const FRAME_HEAD = 8;
const MAX_WORDS = 1_000;

export interface SidecarOptions {
  readonly docker: Docker;
  readonly instance: Instance;
  /** Returns the name of the runner image, for each start. */
  readonly image: () => string;
  /** Settings that the proxy receives when it starts. */
  readonly egress: EgressSettings;
  /** Slots in use, shared with the launcher. The reaper leaves their containers alone. */
  readonly slots: Set<string>;
  /** Receives lines for the operator, one at a time. */
  readonly log: (line: string) => void;
  /** Changes the container's options, as in `ContainerLauncherOptions`. */
  readonly adjust?: (options: ContainerCreateOptions) => ContainerCreateOptions;
}

/**
 * Runs the egress proxy in its own container, the only one with a network. Restarts it when it has
 * died. In between, executions that need the proxy are refused, and no others.
 */
export class Sidecar implements Egress {
  readonly #options: SidecarOptions;
  readonly #slot: string;
  readonly #link: EgressLink;
  #kept = false;

  constructor(options: SidecarOptions) {
    this.#options = options;
    this.#slot = `egress-${options.instance.id}`;
    options.slots.add(this.#slot);
    const connect = async (signal: AbortSignal): Promise<AdminClient> => {
      await this.#removeAll();
      const admin = await this.#connect(await this.#start(), signal);
      // It has them already. Afterwards its certificate is known, which sandboxes need from their start.
      await admin.configure(options.egress);
      return admin;
    };
    this.#link = new EgressLink({ connect, log: options.log });
  }

  /** True if runs can be opened. */
  get up(): boolean {
    return this.#link.up;
  }

  /** Number of database sessions that outlive their execution. */
  get survivors(): number {
    return this.#link.survivors;
  }

  /** Certificate by which sandboxes know the proxy. */
  get authority(): string | undefined {
    return this.#link.authority;
  }

  /** Keeps a proxy running from now on. */
  keep(): void {
    this.#kept = true;
    this.#link.keep();
  }

  /** Ends the running proxy, and starts another. */
  restart(): void {
    this.#link.reconnect();
  }

  open(run: EgressRun): Promise<EgressLease> {
    return this.#link.open(run);
  }

  async close(): Promise<void> {
    await this.#link.close();
    // The reaper removes containers of an absent engine at the next start.
    if (this.#kept) await this.#removeAll().catch(() => {});
  }

  async #start(): Promise<Container> {
    const { docker, instance, egress, adjust = (created) => created } = this.#options;
    const image = this.#options.image();
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const adminSocket = this.#adminSocket;
    const options = sidecarOptions({ image, instance, slot: this.#slot, adminSocket, egress });
    const container = await call("create", docker.createContainer(adjust(options)));
    await call("start", container.start());
    return container;
  }

  /** Removes all earlier proxies of this instance. An engine that was away may have kept some. */
  async #removeAll(): Promise<void> {
    const { docker, instance } = this.#options;
    const own = `${Label.instance}=${instance.id}`;
    const left = await labelled(docker, `${Label.kind}=egress`, own);
    await Promise.all(left.map(removeContainer));
  }

  /** Connects to the proxy's admin socket as soon as the proxy listens. */
  async #connect(container: Container, signal: AbortSignal): Promise<AdminClient> {
    const end = Date.now() + UP_WITHIN;
    for (;;) {
      try {
        return await AdminClient.connect(this.#adminSocket);
      } catch (error) {
        if (Date.now() > end || signal.aborted) throw error;
      }
      const { State } = await call("inspection", container.inspect());
      if (!State.Running) throw new Error(await lastWords(container));
      await sleep(CONNECT_EVERY);
    }
  }

  /** Directory that no sandbox has mounted. */
  get #directory(): string {
    return join(this.#options.instance.directory, "egress");
  }

  get #adminSocket(): string {
    return join(this.#directory, "admin.sock");
  }
}

/** Returns the last log line of a proxy that could not start, mostly about invalid settings. */
async function lastWords(container: Container): Promise<string> {
  const output = await call("log", container.logs({ stdout: true, stderr: true, tail: 1 }));
  const line = output.toString("utf8").slice(FRAME_HEAD).trim().slice(0, MAX_WORDS);
  try {
    const { message } = JSON.parse(line) as { message?: unknown };
    return String(message);
  } catch {
    return line || "it ended at once";
  }
}
