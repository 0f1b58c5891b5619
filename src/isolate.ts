import { config, type PartialConfig } from "./config/config.ts";
import { DATABASE_VARIABLE } from "./config/database.ts";
import { defaultRunDirectory } from "./engines/instance/run-directory.ts";
import { openKernel } from "./kernel/open.ts";
import type { PublicPlan } from "./permissions/public-plan.ts";
import type { IsolatePlugin } from "./plugins/plugin.ts";
import type { ExecuteRequest, LogEntry, Output } from "./request/types.ts";
import type { ToolSource } from "./tools/tool.ts";

export interface IsolateOptions {
  /** Settings; the level a request gets that does not say is `isolated` here. */
  readonly config?: PartialConfig;
  /** Your own plugins, after the built-in ones. */
  readonly plugins?: readonly IsolatePlugin[];
  /**
   * Your own tools: paths or `file:` URLs of modules that export one or make one, for every level,
   * and objects, for level `none`. A relative path counts from the working directory.
   */
  readonly tools?: readonly ToolSource[];
  /** Whether to keep sandboxes warm. Default true. */
  readonly useCluster?: boolean;
  /** Whether to offer the `container` level, by the Docker Engine of this host. Default false. */
  readonly containers?: boolean;
  /**
   * Whether to offer the level `none`, which runs code in this process with all its rights: for
   * code you trust like your own. A request can ask for it, so hand none of somebody else's making
   * to such an instance. Default: only if `config.sandbox` says `none`.
   */
  readonly trusted?: boolean;
  /** Directory of the control sockets. Default: `/run/isolate` as root. */
  readonly runDirectory?: string;
  /** Told what an operator wants to know, a line each. Default: nobody. */
  readonly log?: (line: string) => void;
}

/** An output with its exception at hand. */
export interface LibraryOutput extends Output {
  /** The last exception in `logs`; not part of the JSON form. */
  readonly error?: LogEntry;
}

export interface Isolate {
  /**
   * Runs code once. Resolves whatever the code does; rejects with an `IsolateError` for a bad
   * request or a host that cannot run it, and with `Aborted` once `signal` is aborted.
   */
  execute(request: ExecuteRequest, options?: { signal?: AbortSignal }): Promise<LibraryOutput>;
  /** What a request would be granted, and what not; runs nothing. Rejects for a bad request. */
  plan(request: ExecuteRequest): Promise<PublicPlan>;
  /** Ends every sandbox and removes all that belonged to them. */
  close(): Promise<void>;
}

/**
 * Makes a runner for untrusted code in this process. Call `close()` when done: sandboxes are
 * processes, and keep this one alive. Rejects with an Error that names it for a setting, a plugin
 * or a tool that is no good.
 *
 * @example
 * const isolate = await createIsolate({ config: { timeout: 5_000, cluster: { min: 1 } } });
 * const output = await isolate.execute({ code: "export default (x) => x * 2", input: 21 });
 * await isolate.close();
 * output.result // 42
 */
export async function createIsolate(options: IsolateOptions = {}): Promise<Isolate> {
  const {
    plugins = [],
    tools = [],
    useCluster = true,
    containers = false,
    log = () => {},
  } = options;
  const given = options.config ?? {};
  // What `config()` returns leaves these open as well.
  const { sandbox = "isolated", isolatedNet = true } = given;
  const db = { url: process.env[DATABASE_VARIABLE] || undefined, ...given.db };
  const settings = config({ ...given, sandbox, isolatedNet, db });
  const { kernel, close } = await openKernel({
    config: settings,
    inProcess: options.trusted ?? settings.sandbox === "none",
    runDirectory: options.runDirectory ?? defaultRunDirectory(process.env),
    containers: containers ? { host: process.env.DOCKER_HOST } : null,
    plugins,
    tools,
    useCluster,
    log,
  });
  return {
    execute: async (request, { signal } = {}) =>
      withError(await kernel.execute(request, { signal })),
    plan: (request) => kernel.plan(request),
    close: () => close(),
  };
}

/** The shorter of the two published names. */
export const create = createIsolate;

function withError(output: Output): LibraryOutput {
  const error = output.logs?.findLast(({ level }) => level === "exception");
  return Object.defineProperty({ ...output }, "error", { value: error, enumerable: false });
}
