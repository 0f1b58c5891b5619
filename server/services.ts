import { SANDBOX_LEVELS } from "../src/base/sandbox-level.ts";
import type { ChannelRouter } from "../src/channels/channels.ts";
import type { Config } from "../src/config/config.ts";
import type { OperatorRules } from "../src/destinations/admit.ts";
import { diallingRules } from "../src/kernel/dialling-rules.ts";
import type { Kernel } from "../src/kernel/kernel.ts";
import { BUILD_MS } from "../src/packages/builds/package-builds.ts";
import { DEFAULT_SESSION, type SessionTimes } from "../src/request/session-request.ts";
import type { Tenant } from "../src/request/tenant.ts";
import { callbackCheck } from "./callbacks/callback-check.ts";
import { CallbackSender } from "./callbacks/sender.ts";
import { createCalls } from "./calls/create-calls.ts";
import { EndpointCalls } from "./calls/endpoint-calls.ts";
import type { OpenCalls } from "./calls/open-calls.ts";
import { ChannelRelay } from "./cluster/channel-relay.ts";
import { GoneTenants } from "./cluster/gone-tenants.ts";
import { NodeRegistry } from "./cluster/node-registry.ts";
import { FunctionCatalogue, noSuchFunction } from "./functions/catalogue.ts";
import { addGauges } from "./gauges.ts";
import { JsonThread } from "./http/json-thread/json-thread.ts";
import { JobWorker } from "./jobs/job-worker.ts";
import { JobQueue } from "./jobs/queue.ts";
import { HeldExecutions } from "./mcp/held/held-executions.ts";
import { countedAdmission } from "./metrics/counted-admission.ts";
import { Metrics } from "./metrics/metrics.ts";
import { PreparedSets } from "./packages/package-sets.ts";
import { type Admission, NO_QUOTAS } from "./quotas/admission.ts";
import { LogFollowers } from "./replies/log-followers.ts";
import { ReplyModes } from "./replies/reply-modes.ts";
import { ExecutionWriter } from "./runs/execution-writer.ts";
import { RequestRuns } from "./runs/request-runs.ts";
import { Retention } from "./runs/retention.ts";
import { type LogKeeping, RunningLogs } from "./runs/running-logs.ts";
import { Runs } from "./runs/runs.ts";
import type { Scheduler } from "./schedules/scheduler.ts";
import type { FunctionSchedules } from "./schedules/schedules.ts";
import { createScheduling } from "./schedules/scheduling.ts";
import { Sessions } from "./sessions/sessions.ts";
import { StoreHealth } from "./store/contract/health.ts";
import type { Store } from "./store/contract/store.ts";
import type { Caller } from "./tenants/auth.ts";
import { VERSION } from "./version.ts";

/** Milliseconds of an execution beyond its timeout and its waits. */
const MARGIN_MS = 20_000;
/** Milliseconds for the packages of an execution: to resolve and to bundle them. */
const PACKAGES_MS = 2 * BUILD_MS;
/** Milliseconds in which the store has to take the last records. */
const RECORDS_MS = 5_000;

export interface ServicesOptions {
  readonly kernel: Kernel;
  readonly store: Store;
  readonly config: Config;
  /** Id of this server among those that share the store. It changes with each start. */
  readonly nodeId: string;
  /** Name and port of this server, for people. Default: none. */
  readonly address?: string | undefined;
  /** Channels of the kernel, which then lead to other servers. Default: they do not. */
  readonly channels?: ChannelRouter | undefined;
  /** Prepared sets of packages, which the kernel finds, too. Default: those of the store. */
  readonly packageSets?: PreparedSets;
  /** Secret key. Without it, no callback is accepted. */
  readonly secretKey: Uint8Array | undefined;
  /** Returns the caller for a tenant's jobs, or `undefined` for a deleted tenant. */
  readonly callerOf: (tenant: string) => Promise<Caller | undefined>;
  /** Default: no quotas. */
  readonly admission?: Admission;
  /** Milliseconds without a sign of life after which other servers run a server's jobs. */
  readonly lease: number;
  /** Most milliseconds of a session. Default: those of a session that does not say. */
  readonly sessions?: SessionTimes | undefined;
  /** Days for which executions are kept. */
  readonly retention: number;
  /** Days for which administrative changes are kept. Default 365. */
  readonly auditDays?: number | undefined;
  /** Most tenants with a label of their own in metrics. Default 0: no label names one. */
  readonly metricsTenants?: number | undefined;
  /** Milliseconds for which an execution over MCP waits for its client. Default 60,000. */
  readonly heldPatience?: number | undefined;
  /** Bounds of kept log entries. Default: those of `LogKeeping`. */
  readonly logs?: LogKeeping | undefined;
  /** Receives the server's own failures. `requestId` is empty if no request has caused it. */
  readonly onError: (error: unknown, requestId: string) => void;
}

/** Services that routes use. */
export interface Services {
  readonly kernel: Kernel;
  readonly store: Store;
  readonly runs: Runs;
  readonly requestRuns: RequestRuns;
  readonly runningLogs: RunningLogs;
  readonly logFollowers: LogFollowers;
  readonly executionWriter: ExecutionWriter;
  readonly replyModes: ReplyModes;
  readonly openCalls: OpenCalls;
  /** Executions over MCP that wait for their clients. */
  readonly held: HeldExecutions;
  readonly sessions: Sessions;
  readonly jobs: JobQueue;
  readonly worker: JobWorker;
  readonly functions: FunctionCatalogue;
  readonly schedules: FunctionSchedules;
  /** Serves due schedules. */
  readonly scheduler: Scheduler;
  readonly goneTenants: GoneTenants;
  readonly nodes: NodeRegistry;
  readonly packageSets: PreparedSets;
  /** Absent without a secret key. */
  readonly callbacks: CallbackSender | undefined;
  readonly secretKey: Uint8Array | undefined;
  readonly metrics: Metrics;
  /** Checks whether the store takes writes. */
  readonly health: StoreHealth;
  /** Starts background work: jobs, callbacks, and the deletion of old records. */
  start(): void;
  /**
   * Stops background work and writes outstanding records. Called once the kernel is closed.
   * Resolves with the number of executions that the store did not take.
   */
  close(): Promise<number>;
}

/** Makes the list of servers, on which this one is as options state. */
function nodeRegistry(
  { store, nodeId: id, address = "", config }: ServicesOptions,
  onError: (error: unknown) => void,
): NodeRegistry {
  const node = { id, address, version: VERSION, capacity: config.cluster.max };
  return new NodeRegistry({ store, node, onError });
}

/** Makes what sends answers of jobs, which needs a key to sign them. */
function callbackSender(
  { store, nodeId: owner, secretKey, callerOf }: ServicesOptions,
  operatorRules: OperatorRules,
  onError: (error: unknown) => void,
): CallbackSender | undefined {
  if (secretKey === undefined) return undefined;
  return new CallbackSender({
    store: store.jobs,
    owner,
    operatorRules,
    onError,
    secretKey,
    callerOf,
  });
}

/** Makes everything that uses the store. Nothing runs before `start()`. */
export function createServices(options: ServicesOptions): Services {
  const { kernel, store, config, nodeId, secretKey, callerOf, lease, onError } = options;
  const { admission = NO_QUOTAS, packageSets = new PreparedSets(Promise.resolve(store)) } = options;
  const failed = (error: unknown): void => onError(error, "");
  const metrics = new Metrics(options.metricsTenants);
  const requestRuns = new RequestRuns();
  const executionWriter = new ExecutionWriter(store.executions, {
    onError: failed,
    onDropped: (rows) => metrics.onDropped(rows),
  });
  countSandboxes(kernel, metrics, admission);
  const health = new StoreHealth(store);
  const nodes = nodeRegistry(options, failed);
  const lockHashOf = async (tenant: Tenant, name: string, version: number) =>
    (await functions.callable(tenant, name, version))?.lockHash ?? undefined;
  const results = new JsonThread();
  const operatorRules = diallingRules(config);
  const runningLogs = new RunningLogs(options.logs);
  const logFollowers = new LogFollowers({ running: runningLogs, store });
  const runs = new Runs({
    kernel,
    logs: runningLogs,
    readResult: (tenant, text) => results.check(tenant, text),
    executionWriter,
    admission: countedAdmission(admission, (code, tenant) => metrics.onRefusal(code, tenant)),
    translate: (tenant, asked) => results.translate(tenant, asked),
    sourceMap: (tenant, name, version) => store.functions.sourceMap(tenant, name, version),
    // Only the audit log tells it.
    lockHash: config.audit ? lockHashOf : undefined,
    requestRuns,
    endpointCalls: new EndpointCalls({ operatorRules, secretKey, results }),
    onEnd: (row) => metrics.onExecution(row),
  });
  const goneTenants = new GoneTenants({ store, runs, onError: failed });
  const relay = channelRelay(options, failed);
  const { openCalls, callRelay } = createCalls({ store, nodeId, onError: failed, results });
  const functions = new FunctionCatalogue(store.functions, kernel, store);
  const callbacks = callbackSender(options, operatorRules, failed);
  const worker = new JobWorker({
    owner: nodeId,
    store: store.jobs,
    notices: store.notices,
    runs,
    callerOf,
    bundleOf: async ({ tenant }, name, version) =>
      (await functions.callable(tenant, name, version))?.code ?? noSuchFunction(name, version),
    lease,
    // The other half is for executions that clients wait for.
    slots: Math.max(1, Math.floor(config.cluster.max / 2)),
    onDone: () => callbacks?.wake(),
    onError,
  });
  store.notices.on("cancel", ({ id }) => worker.abort(id));
  const jobs = new JobQueue({
    store: store.jobs,
    notices: store.notices,
    kernel,
    worker,
    checkCallback: callbackCheck(secretKey, operatorRules),
  });
  const { scheduler, schedules } = createScheduling({
    store: store.schedules,
    kernel,
    functions,
    callerOf,
    admission,
    onAccepted: () => worker.offer(),
    onServed: ({ outcome }) => metrics.onScheduled(outcome),
    onError: failed,
  });
  const { heldPatience: patience } = options;
  const held = new HeldExecutions({ runs, openCalls, nodeId, relay: callRelay, patience });
  const replyModes = new ReplyModes({
    runs,
    jobs,
    openCalls,
    idempotency: store.idempotency,
    // It waits for others of its tenant, then for its packages, and then for a sandbox.
    most: config.maxTimeout + 2 * config.queueTimeout + PACKAGES_MS + MARGIN_MS,
    onError,
  });
  const sessions = sessionsOf(options, { runs, nodes }, failed);
  addGauges(metrics, { kernel, executionWriter, health, store, nodes, sessions });
  const retention = retentionOf(options, failed);
  return {
    kernel,
    store,
    runs,
    requestRuns,
    runningLogs,
    logFollowers,
    executionWriter,
    replyModes,
    openCalls,
    held,
    sessions,
    jobs,
    worker,
    functions,
    schedules,
    scheduler,
    goneTenants,
    nodes,
    packageSets,
    callbacks,
    secretKey,
    metrics,
    health,
    start() {
      worker.start();
      scheduler.start();
      callbacks?.start();
      retention.start();
      goneTenants.start();
      relay?.start();
      callRelay?.start();
      nodes.start();
    },
    async close() {
      held.close();
      goneTenants.close();
      await scheduler.close();
      const all = [nodes, relay, callRelay, worker, callbacks, retention, replyModes, logFollowers];
      await Promise.all(all.map((each) => each?.close()));
      return executionWriter.close(RECORDS_MS);
    },
  };
}

/** Makes what deletes old records. */
function retentionOf(
  { store, retention: days, auditDays }: ServicesOptions,
  onError: (error: unknown) => void,
): Retention {
  return new Retention({ store, days, auditDays, onError });
}

/** Makes the sessions of this server, which hear of keys that are revoked on any. */
function sessionsOf(
  { kernel, store, config, nodeId, sessions: times = DEFAULT_SESSION }: ServicesOptions,
  { runs, nodes }: Pick<Services, "runs" | "nodes">,
  onError: (error: unknown) => void,
): Sessions {
  const sessions = new Sessions({
    kernel,
    runs,
    nodeId,
    times,
    // The other half is for executions without a session.
    most: Math.max(1, Math.floor(config.cluster.max / 2)),
    isServer: async (id) => (await nodes.list()).some((each) => each.alive && each.id === id),
    hasKey: async (id) => (await store.keys.get(id)) !== undefined,
    onError,
  });
  store.notices.on("key", ({ key }) => void sessions.keyChanged(key).catch(onError));
  store.notices.onLoss(() => void sessions.allKeysChanged().catch(onError));
  return sessions;
}

/** Counts starts of sandboxes, and what they use after their executions. */
function countSandboxes(kernel: Kernel, metrics: Metrics, admission: Admission): void {
  kernel.onIdleUsage((usage) => {
    metrics.onIdleUsage(usage);
    admission.charge(usage.tenant, usage.cpu);
  });
  for (const level of SANDBOX_LEVELS) {
    kernel.engine(level)?.onSpawn(() => metrics.onStart(level));
  }
}

/** Makes the way of channels to other servers, if there are any. */
function channelRelay(
  { channels, store, nodeId }: ServicesOptions,
  onError: (error: unknown) => void,
): ChannelRelay | undefined {
  if (channels === undefined || !store.isShared) return undefined;
  return new ChannelRelay({ router: channels, store, nodeId, onError });
}
