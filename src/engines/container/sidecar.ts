import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Container, ContainerCreateOptions } from "dockerode";
import { AdminClient } from "../../egress/admin-client.ts";
import type { Egress, EgressLease, EgressRun } from "../../egress/egress.ts";
import { EgressUnavailable, messageOf } from "../../errors.ts";
import type { Denial } from "../../types.ts";
import type { Instance } from "../instance.ts";
import { call } from "./docker.ts";
import { Label, sidecarOptions } from "./flags.ts";
import { removeContainer } from "./remove.ts";

const UP_WITHIN = 15_000;
const CONNECT_EVERY = 50;
const FIRST_RETRY = 200;
const LAST_RETRY = 10_000;
/** The engine puts eight bytes before each line of a log. */
const FRAME_HEAD = 8;
const MAX_WORDS = 1_000;

/** What the proxy itself is told when it starts. */
export interface EgressOptions {
  /** Name → address: answers without a resolver. */
  readonly hosts: Readonly<Record<string, string>>;
  /** `host:port` whose private or loopback address may be reached. */
  readonly private: readonly string[];
}

export interface SidecarOptions {
  readonly docker: Docker;
  readonly instance: Instance;
  readonly egress: EgressOptions;
  /** Slots in use, shared with the launcher; the reaper leaves those alone. */
  readonly slots: Set<string>;
  /** One line about something an operator wants to know. */
  readonly log: (line: string) => void;
  /** Last word on the container's options, as in `ContainerLauncherOptions`. */
  readonly adjust?: (options: ContainerCreateOptions) => ContainerCreateOptions;
}

/**
 * The egress proxy in a container of its own, the only one with a network. Starts it, and starts it
 * again when it has died; in between, what needs it is refused, and nothing else is touched.
 */
export class Sidecar implements Egress {
  readonly #options: SidecarOptions;
  readonly #slot: string;
  readonly #stop = new AbortController();
  #admin: AdminClient | undefined;
  #reason = "it is being started";
  #supervised: Promise<void> | undefined;

  constructor(options: SidecarOptions) {
    this.#options = options;
    this.#slot = `egress-${options.instance.id}`;
    options.slots.add(this.#slot);
  }

  /** Whether runs can be opened. */
  get up(): boolean {
    return this.#admin !== undefined;
  }

  /** Keeps a proxy running from now on; `image` is asked anew for each start. */
  supervise(image: () => string): void {
    this.#supervised ??= this.#keepRunning(image).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) this.#options.log(messageOf(error));
    });
  }

  async open(run: EgressRun): Promise<EgressLease> {
    const admin = this.#admin;
    if (admin === undefined) throw this.#unavailable();
    try {
      await admin.ask({ op: "open", tenant: "default", ...run });
    } catch (cause) {
      this.#reason = messageOf(cause);
      // It may be open all the same, where just the answer was late.
      void closeRun(admin, run.run);
      throw this.#unavailable();
    }
    return { close: () => closeRun(admin, run.run) };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#admin?.close();
    await this.#supervised;
  }

  async #keepRunning(image: () => string): Promise<void> {
    const { signal } = this.#stop;
    let wait = FIRST_RETRY;
    while (!signal.aborted) {
      try {
        await this.#removeAll();
        const container = await this.#start(image());
        this.#admin = await this.#connect(container);
        this.#options.log("The egress proxy is ready");
        wait = FIRST_RETRY;
        await this.#admin.closed;
        this.#reason = "it has ended, and is being started again";
      } catch (error) {
        this.#reason = messageOf(error);
      }
      this.#admin?.close();
      this.#admin = undefined;
      if (!signal.aborted) this.#options.log(`The egress proxy is down: ${this.#reason}`);
      await sleep(signal.aborted ? 0 : wait, undefined, { signal }).catch(() => {});
      wait = Math.min(wait * 2, LAST_RETRY);
    }
    await this.#removeAll();
  }

  async #start(image: string): Promise<Container> {
    const { docker, instance, egress, adjust = (created) => created } = this.#options;
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const adminSocket = this.#adminSocket;
    const options = sidecarOptions({ image, instance, slot: this.#slot, adminSocket, egress });
    const container = await call("create", docker.createContainer(adjust(options)));
    await call("start", container.start());
    return container;
  }

  /** An engine that was away may have kept what could not be removed then. */
  async #removeAll(): Promise<void> {
    const { docker, instance } = this.#options;
    const label = [`${Label.kind}=egress`, `${Label.instance}=${instance.id}`];
    const left = await call("listing", docker.listContainers({ all: true, filters: { label } }));
    await Promise.all(left.map(({ Id }) => removeContainer(docker.getContainer(Id))));
  }

  /** The proxy's admin socket, as soon as somebody listens on it. */
  async #connect(container: Container): Promise<AdminClient> {
    const end = Date.now() + UP_WITHIN;
    for (;;) {
      try {
        return await AdminClient.connect(this.#adminSocket);
      } catch (error) {
        if (Date.now() > end || this.#stop.signal.aborted) throw error;
      }
      const { State } = await call("inspection", container.inspect());
      if (!State.Running) throw new Error(await lastWords(container));
      await sleep(CONNECT_EVERY);
    }
  }

  /** No sandbox has this directory mounted. */
  get #directory(): string {
    return join(this.#options.instance.directory, "egress");
  }

  get #adminSocket(): string {
    return join(this.#directory, "admin.sock");
  }

  #unavailable(): EgressUnavailable {
    return new EgressUnavailable(`The egress proxy is unavailable: ${this.#reason}`);
  }
}

/** What a proxy that could not start has said last: settings it does not take, most of the time. */
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

/** With the proxy gone, the run's connections are gone as well. */
async function closeRun(admin: AdminClient, run: string): Promise<readonly Denial[]> {
  try {
    const { report } = await admin.ask({ op: "close", run });
    return (report?.denied ?? []).map(({ kind, value, code, count }) => ({
      kind,
      value,
      by: "egress",
      code,
      count,
    }));
  } catch {
    return [];
  }
}
