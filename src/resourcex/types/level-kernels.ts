import { config, type PartialConfig } from "../../config/config.ts";
import { DATABASE_VARIABLE } from "../../config/database.ts";
import { defaultRunDirectory } from "../../engines/instance/run-directory.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { type Opened, openKernel } from "../../kernel/open.ts";
import type { IsolatePlugin } from "../../plugins/plugin.ts";
import type { ToolSource } from "../../tools/tool.ts";
import type { SandboxType } from "./type.ts";

export interface KernelsOptions {
  /** Settings of all executions, such as `ceiling`. Default: those of `createIsolate()`. */
  readonly config?: PartialConfig | undefined;
  /** Plugins that see all executions of types. Default none. */
  readonly plugins?: readonly IsolatePlugin[] | undefined;
  /** Tools that types may ask for, beside the built-in ones. Default none. */
  readonly tools?: readonly ToolSource[] | undefined;
  /** Number of sandboxes per opened level that wait ready for a type. Default 0. */
  readonly warm?: number;
  /** Directory of the control sockets. Default: that of `createIsolate()`. */
  readonly runDirectory?: string | undefined;
  /** Receives each line that is of interest to an operator. Default: no listener. */
  readonly log?: ((line: string) => void) | undefined;
}

/** Opens the kernels of one registry, each when the first type of its level runs. */
export class LevelKernels {
  readonly #options: KernelsOptions;
  readonly #opened = new Map<SandboxType, Promise<Opened>>();

  /** @throws {BadRequest} For a bad setting. */
  constructor(options: KernelsOptions = {}) {
    config(options.config);
    this.#options = options;
  }

  async kernel(level: SandboxType): Promise<Kernel> {
    let opened = this.#opened.get(level);
    if (opened === undefined) {
      opened = this.#open(level);
      this.#opened.set(level, opened);
      // A failed opening may succeed the next time.
      opened.catch(() => this.#opened.delete(level));
    }
    return (await opened).kernel;
  }

  async #open(level: SandboxType): Promise<Opened> {
    const { config: given = {}, plugins, tools, warm = 0, log = () => {} } = this.#options;
    const { runDirectory = defaultRunDirectory(process.env) } = this.#options;
    const { isolatedNet = true, cluster } = given;
    const db = { url: process.env[DATABASE_VARIABLE] || undefined, ...given.db };
    const own = { sandbox: level, isolatedNet, db, cluster: { min: warm, ...cluster } };
    const opened = await openKernel({
      config: config({ ...given, ...own }),
      runDirectory,
      inProcess: level === "none",
      containers: level === "container" ? { host: process.env.DOCKER_HOST } : null,
      ...(plugins && { plugins }),
      ...(tools && { tools }),
      // Otherwise sandboxes of other levels would wait here, too.
      useCluster: false,
      log,
    });
    await opened.prepared();
    if (warm > 0) opened.kernel.engine(level)?.prewarm();
    return opened;
  }

  /** Closes the kernels it has opened. */
  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#opened.values());
    this.#opened.clear();
    const kernels = opened.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
    await Promise.all(kernels.map(({ close }) => close()));
  }
}
