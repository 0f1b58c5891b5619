import { Counter, Histogram, Registry } from "prom-client";
import type { IdleUsage } from "../../src/engines/contract/contract.ts";
import type { Answered } from "../log/answered.ts";
import type { ExecutionRow } from "../store/contract/executions.ts";
import type { ScheduleOutcome } from "../store/contract/schedules.ts";
import { TenantLabels } from "./tenant-labels.ts";

/** Bounds of histograms in seconds: a warm execution takes milliseconds, a long one minutes. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const METHODS: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/**
 * Metrics for a Prometheus server. No label contains a value that a tenant chose, nor a tenant unless
 * the operator asks for it. So this code and that setting fix the number of series.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #tenants: TenantLabels;
  readonly #executions: Counter<"via" | "level" | "outcome" | "tenant">;
  readonly #durations: Histogram<"level">;
  readonly #cpu: Counter<"level" | "tenant">;
  readonly #idleCpu: Counter<"level">;
  readonly #starts: Counter<"level">;
  readonly #channelDropped: Counter;
  readonly #refusals: Counter<"code" | "tenant">;
  readonly #dropped: Counter;
  readonly #scheduled: Counter<"outcome">;
  readonly #requests: Counter<"method" | "route" | "status">;
  readonly #answers: Histogram<"route">;

  /** `tenants` is the most tenants with a label of their own. Default: no label names a tenant. */
  constructor(tenants = 0) {
    this.#tenants = new TenantLabels(tenants);
    const { names } = this.#tenants;
    const registers = [this.registry];
    this.#executions = new Counter({
      name: "isolate_executions_total",
      help: "Executions that are over, by how they were asked for and how they ended",
      labelNames: ["via", "level", "outcome", ...names],
      registers,
    });
    this.#durations = new Histogram({
      name: "isolate_execution_seconds",
      help: "From handing code to a sandbox to its outcome, of executions that ran",
      labelNames: ["level"],
      buckets: SECONDS,
      registers,
    });
    this.#cpu = new Counter({
      name: "isolate_execution_cpu_seconds_total",
      help: "Processor time of executions, where it is measured",
      labelNames: ["level", ...names],
      registers,
    });
    this.#idleCpu = new Counter({
      name: "isolate_idle_cpu_seconds_total",
      help: "Processor time that code took after its last outcome, told when its sandbox has ended",
      labelNames: ["level"],
      registers,
    });
    this.#starts = new Counter({
      name: "isolate_sandboxes_started_total",
      help: "Sandboxes that have been started",
      labelNames: ["level"],
      registers,
    });
    this.#scheduled = new Counter({
      name: "isolate_schedules_served_total",
      help: "Due times of schedules that were served, by how",
      labelNames: ["outcome"],
      registers,
    });
    this.#channelDropped = new Counter({
      name: "isolate_channel_dropped_total",
      help: "Messages of channels that executions lost, because they handled them too slowly",
      registers,
    });
    this.#refusals = new Counter({
      name: "isolate_refusals_total",
      help: "Executions that did not get to run, by the code of the error; quotas included",
      labelNames: ["code", ...names],
      registers,
    });
    this.#dropped = new Counter({
      name: "isolate_executions_dropped_total",
      help: "Executions that are not written down, for the store's disk has no more room",
      registers,
    });
    this.#requests = new Counter({
      name: "isolate_http_requests_total",
      help: "Requests that were answered",
      labelNames: ["method", "route", "status"],
      registers,
    });
    this.#answers = new Histogram({
      name: "isolate_http_answer_seconds",
      help: "From a request to the beginning of its answer",
      labelNames: ["route"],
      buckets: SECONDS,
      registers,
    });
  }

  /** Counts an execution that has ended, when its record is written. */
  onExecution({ tenant, via, level, outcome, error, duration, usage }: ExecutionRow): void {
    const label = this.#tenants.of(tenant);
    this.#executions.inc({ via, level, outcome, ...label });
    if (outcome === "refused" || outcome === "failed") {
      this.onRefusal(error ?? "UNKNOWN", tenant);
      return;
    }
    this.#durations.observe({ level }, duration / 1_000);
    this.#channelDropped.inc(usage?.channelDropped ?? 0);
    if (usage?.cpu) this.#cpu.inc({ level, ...label }, usage.cpu / 1_000);
  }

  onIdleUsage({ level, cpu }: Pick<IdleUsage, "level" | "cpu">): void {
    this.#idleCpu.inc({ level }, cpu / 1_000);
  }

  onStart(level: string): void {
    this.#starts.inc({ level });
  }

  onScheduled(outcome: ScheduleOutcome): void {
    this.#scheduled.inc({ outcome });
  }

  /** Counts a refusal with an error of ours. Code of tenants cannot choose the error's code. */
  onRefusal(code: string, tenant: string): void {
    this.#refusals.inc({ code, ...this.#tenants.of(tenant) });
  }

  onDropped(executions: number): void {
    this.#dropped.inc(executions);
  }

  onAnswer({ method, route = "none", status, ms }: Answered): void {
    const known = METHODS.includes(method) ? method : "other";
    this.#requests.inc({ method: known, route, status });
    this.#answers.observe({ route }, ms / 1_000);
  }
}
