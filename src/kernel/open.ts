import type { OperatorLog } from "../base/operator-log.ts";
import type { SandboxLevel } from "../base/sandbox-level.ts";
import type { Config } from "../config/config.ts";
import type { Engine } from "../engines/contract/contract.ts";
import { type ContainerHost, createEngines } from "../engines/create.ts";
import { Instance } from "../engines/instance/instance.ts";
import type { PackageSetLookup } from "../plugins/package-service.ts";
import { loadTools } from "../tools/load.ts";
import { loadSchemas } from "../tools/load-schemas.ts";
import type { ToolSource } from "../tools/tool.ts";
import { Kernel, type KernelOptions } from "./kernel.ts";
import { type OpenedPackages, openPackages } from "./open-packages.ts";

export interface OpenOptions
  extends Omit<KernelOptions, "engines" | "tools" | "schemas" | "packages"> {
  readonly config: Config;
  /** Directory of the control sockets. */
  readonly runDirectory: string;
  /** Address of the Docker Engine; `null` for no containers. */
  readonly containers: ContainerHost | null;
  /** Offers the level `none`, which runs code in this very process. Default false. */
  readonly inProcess?: boolean | undefined;
  /** True if executions may be granted secrets. Default false. */
  readonly secrets?: boolean | undefined;
  /** Lets the host alone bound the number of sandboxes. Default false. */
  readonly hostAlone?: boolean | undefined;
  /** Receives lines for the operator, one at a time. */
  readonly log: OperatorLog;
  /** Levels to wait for, and the most milliseconds of that. Default: none. */
  readonly ready?: { readonly levels: readonly SandboxLevel[]; readonly timeout: number };
  /** Custom tools. */
  readonly tools?: readonly ToolSource[];
  /** Prepared sets of packages. Default: there are none. */
  readonly packageSets?: PackageSetLookup | undefined;
}

/** A kernel with its own engines, and a function that closes both. */
export interface Opened {
  readonly kernel: Kernel;
  /** Resolves after the first attempt to prepare the container engine, successful or not. */
  prepared(): Promise<void>;
  /** Waits up to `grace` ms for running executions, then removes everything. */
  close(grace?: number): Promise<void>;
}

/**
 * Joins the run directory, starts a kernel in it and waits for its levels. If that fails, nothing is
 * left behind.
 */
export async function openKernel(options: OpenOptions): Promise<Opened> {
  const tools = await loadTools(options.tools ?? []);
  const { db, tenants } = options.config;
  const usesDatabase = db.url !== undefined || tenants;
  const schemas = usesDatabase ? await loadSchemas(db.schemas) : undefined;
  const instance = await Instance.create(options.runDirectory);
  let engines: readonly Engine[] = [];
  let packages: OpenedPackages | undefined;
  try {
    await instance.removeDead();
    const made = await createEngines({ ...options, instance });
    engines = made.engines;
    packages = await openPackages(options);
    const { service } = packages;
    const kernel = new Kernel({
      ...options,
      engines,
      tools,
      packages: service,
      ...(schemas && { schemas }),
    });
    if (options.ready) await made.ready(options.ready.levels, options.ready.timeout);
    return {
      kernel,
      prepared: made.prepared,
      async close(grace) {
        await kernel.close(grace);
        await packages?.close();
        await instance.close();
      },
    };
  } catch (error) {
    await Promise.all(engines.map((engine) => engine.close()));
    await packages?.close();
    await instance.close();
    throw error;
  }
}
