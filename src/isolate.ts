import type { z } from "zod";
import { BadRequest } from "./base/errors.ts";
import type { SessionEnd } from "./base/session-end.ts";
import { config, firstIssue, type PartialConfig } from "./config/config.ts";
import { DATABASE_VARIABLE } from "./config/database.ts";
import { hasFrames, inFiles } from "./engines/explain/source-positions.ts";
import { defaultRunDirectory } from "./engines/instance/run-directory.ts";
import type { RunOptions } from "./kernel/kernel.ts";
import { openKernel } from "./kernel/open.ts";
import { usesCluster } from "./kernel/steps.ts";
import type { PublicPlan } from "./permissions/public-plan.ts";
import type { IsolatePlugin } from "./plugins/plugin.ts";
import {
  DEFAULT_SESSION,
  type SessionExecution,
  type SessionRequest,
  sessionExecution,
  sessionRequest,
} from "./request/session-request.ts";
import type { ExecuteRequest, LogEntry, Output } from "./request/types.ts";
import type { ToolSource } from "./tools/tool.ts";

const READY_WITHIN = 60_000;
const LONGEST = 3_600_000;

export interface IsolateOptions {
  /** Settings. Default level of a request without one: `isolated`. */
  readonly config?: PartialConfig;
  /** Your own plugins. They follow the built-in ones; those of `isolate/plugins` may be among them. */
  readonly plugins?: readonly IsolatePlugin[];
  /**
   * Your own tools. A path or `file:` URL names a module that exports a tool or a function that
   * makes one. It works at every level. An object is a tool for level `none`. Relative paths start
   * at the working directory.
   */
  readonly tools?: readonly ToolSource[];
  /**
   * Keeps sandboxes warm, `config.cluster.max` at most. With false, each execution starts its own,
   * and only the host bounds their number. Default: true, but false for plugins with `SandboxPlugin`
   * and without `ClusterPlugin`.
   */
  readonly useCluster?: boolean;
  /** Offers the level `container`, with the Docker Engine of this host. Default false. */
  readonly containers?: boolean;
  /**
   * Offers the level `none`, which runs code in this process with all its rights. It is for code
   * you trust like your own. Any request can ask for it: pass no untrusted requests to such an
   * instance. Default: only if `config.sandbox` is `none`.
   */
  readonly trusted?: boolean;
  /**
   * Milliseconds within which the levels asked for have to be able to run: `containers`, `trusted`
   * and `config.sandbox` ask for them. 0 or false does not wait. Default 60,000.
   */
  readonly ready?: number | false;
  /** Directory of the control sockets. Default: `/run/isolate` as root. */
  readonly runDirectory?: string;
  /** Receives lines for the operator, one at a time. Default: none. */
  readonly log?: (line: string) => void;
}

/** Failure of an execution, by name and message. */
export type Exception = LogEntry & { readonly name: string };

/**
 * Output with its exception as a property, which is not part of the JSON form. An output that is not
 * `ok` always has one.
 */
export type LibraryOutput = Output &
  (
    | { readonly ok: true; readonly error?: undefined }
    | { readonly ok: false; readonly error: Exception }
  );

/** Executions in one realm: what one puts on `globalThis` or writes into `/tmp`, the next one finds. */
export interface IsolateSession {
  /**
   * Runs code, as `Isolate.execute()` does. Rejects with `SessionEnded` once the session has ended, and
   * with `SessionBusy` while an execution is under way. A timeout, a crash, `exit()` and an abort end
   * the session.
   */
  execute(request: SessionExecution, options?: { signal?: AbortSignal }): Promise<LibraryOutput>;
  /** Resolves with the reason when the session has ended. */
  readonly ended: Promise<SessionEnd>;
  /** Ends it, with all of its state. */
  close(): Promise<void>;
}

export interface Isolate {
  /**
   * Runs code once. Resolves whatever the code does. Rejects with an `IsolateError` for a bad
   * request or a host that cannot run it. Rejects with `Aborted` once `signal` is aborted.
   */
  execute(request: ExecuteRequest, options?: { signal?: AbortSignal }): Promise<LibraryOutput>;
  /**
   * Leases a sandbox for executions with state. It ends after `idle` ms without one, and after `max` ms.
   * Tools are `crypto` and `database`.
   *
   * @example
   * const session = await isolate.session({ idle: 60_000 });
   * await session.execute({ code: "globalThis.n = 20; export default () => {}" });
   * const { result } = await session.execute({ code: "export default () => n + 1" });
   * result // 21
   */
  session(request?: SessionRequest): Promise<IsolateSession>;
  /**
   * Returns the permissions that a request would be granted and refused. Runs nothing. Rejects for
   * a bad request.
   */
  plan(request: ExecuteRequest): Promise<PublicPlan>;
  /** Ends every sandbox and removes all its files, processes and containers. */
  close(): Promise<void>;
}

/**
 * Creates a runner for untrusted code in this process, and waits until it can run code. Call
 * `close()` when done: sandboxes are processes and keep this one alive. Rejects with an Error that
 * names an invalid setting, plugin or tool. Rejects with `EngineUnavailable` that says what to do if
 * a level asked for cannot run.
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
    useCluster,
    containers = false,
    ready = READY_WITHIN,
    log = () => {},
  } = options;
  const given = options.config ?? {};
  // The result of `config()` may leave these undefined, too.
  const { sandbox = "isolated", isolatedNet = true } = given;
  const db = { url: process.env[DATABASE_VARIABLE] || undefined, ...given.db };
  const settings = config({ ...given, sandbox, isolatedNet, db });
  const inProcess = options.trusted ?? settings.sandbox === "none";
  const levels = [
    settings.sandbox ?? "isolated",
    ...(containers ? (["container"] as const) : []),
    ...(inProcess ? (["none"] as const) : []),
  ];
  const { kernel, close } = await openKernel({
    config: settings,
    inProcess,
    ...(ready !== false && ready !== 0 && { ready: { levels, timeout: timeoutOf(ready) } }),
    runDirectory: options.runDirectory ?? defaultRunDirectory(process.env),
    containers: containers ? { host: process.env.DOCKER_HOST } : null,
    plugins,
    tools,
    useCluster,
    hostAlone: !usesCluster({ useCluster, plugins }),
    log,
  });
  const execute = async (
    request: ExecuteRequest,
    options: Pick<RunOptions, "signal" | "session">,
  ): Promise<LibraryOutput> => {
    let map: string | undefined;
    const onSourceMap = (made: string): void => {
      map = made;
    };
    const output = await kernel.execute(request, { ...options, onSourceMap });
    const { logs } = output;
    if (map === undefined || logs === undefined || !hasFrames(logs)) return withError(output);
    return withError({ ...output, logs: inFiles(logs, map) });
  };
  return {
    execute: (request, { signal } = {}) => execute(request, { signal }),
    session: async (asked = {}) => {
      const { idle, max, ...common } = parsed(sessionRequest, asked);
      const times = { idle: idle ?? DEFAULT_SESSION.idle, max: max ?? DEFAULT_SESSION.max };
      const session = await kernel.openSession(common, times);
      return {
        execute: async (request, { signal } = {}) => {
          const whole = { ...session.request, ...parsed(sessionExecution, request) };
          const work = () => execute(whole, { signal, session });
          return session.use(work).catch((error: unknown) => {
            throw session.causeOf(error, signal);
          });
        },
        ended: session.engine.ended,
        close: () => session.end("closed"),
      };
    },
    plan: (request) => kernel.plan(request),
    close: () => close(),
  };
}

/**
 * Checks the option `ready`.
 *
 * @throws {BadRequest} for anything but a number of milliseconds that a timer can wait.
 */
function timeoutOf(ready: number): number {
  if (Number.isFinite(ready) && ready >= 0 && ready <= LONGEST) return ready;
  throw new BadRequest("ready", `ready: Expected milliseconds up to ${LONGEST}, 0 or false`);
}

/**
 * Checks a request by its schema.
 *
 * @throws {BadRequest} that names the field.
 */
function parsed<T>(schema: z.ZodType<T>, asked: unknown): T {
  const { data, error } = schema.safeParse(asked);
  if (error !== undefined) throw firstIssue(error, schema);
  return data;
}

/** Short name of `createIsolate`. */
export const create = createIsolate;

function withError(output: Output): LibraryOutput {
  const value = output.ok ? undefined : exceptionOf(output);
  const all = Object.defineProperty({ ...output }, "error", { value, enumerable: false });
  return all as LibraryOutput;
}

/** Finds the last exception in the log. A plugin may have taken it out, then the outcome names it. */
function exceptionOf({ logs = [], outcome }: Output): Exception {
  const message = `The execution failed: ${outcome}`;
  const found = logs.findLast(({ level }) => level === "exception");
  const { name = "Exception", ...entry } = found ?? {
    level: "exception",
    message,
    timestamp: Date.now(),
  };
  return { ...entry, name };
}
