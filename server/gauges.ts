import { Counter, Gauge, type Registry } from "prom-client";
import type { EngineStatus } from "../src/engines/contract/contract.ts";
import type { Kernel } from "../src/kernel/kernel.ts";
import type { SandboxLevel } from "../src/request/types.ts";
import type { NodeRegistry } from "./cluster/node-registry.ts";
import type { Metrics } from "./metrics/metrics.ts";
import type { ExecutionWriter } from "./runs/execution-writer.ts";
import type { Sessions } from "./sessions/sessions.ts";
import type { StoreHealth } from "./store/contract/health.ts";
import type { Store } from "./store/contract/store.ts";

const LEVELS: readonly SandboxLevel[] = ["container", "isolated"];
const STATES = ["warm", "starting", "leased", "kept"] as const;

/** Objects that the gauges read. */
interface Sources {
  readonly kernel: Kernel;
  readonly executionWriter: ExecutionWriter;
  readonly health: StoreHealth;
  readonly store: Store;
  readonly nodes: Pick<NodeRegistry, "count">;
  readonly sessions: Pick<Sessions, "size" | "begun">;
}

/** Adds gauges that are read at each request for the metrics. */
export function addGauges(
  { registry }: Metrics,
  { kernel, executionWriter, health, store, nodes, sessions }: Sources,
): void {
  const registers = [registry];
  const levels = (): [SandboxLevel, EngineStatus][] =>
    LEVELS.flatMap((level) => {
      const status = kernel.engine(level)?.status();
      return status === undefined ? [] : [[level, status]];
    });
  new Gauge({
    name: "isolate_sandboxes",
    help: "Sandboxes there are, by what they are at",
    labelNames: ["level", "state"],
    registers,
    collect() {
      for (const [level, status] of levels()) {
        for (const state of STATES) this.set({ level, state }, status[state]);
      }
    },
  });
  new Gauge({
    name: "isolate_waiting",
    help: "Executions that wait for a sandbox",
    labelNames: ["level"],
    registers,
    collect() {
      for (const [level, { waiting }] of levels()) this.set({ level }, waiting);
    },
  });
  new Gauge({
    name: "isolate_engine_up",
    help: "Whether sandboxes of a level can be started: 1 or 0",
    labelNames: ["level"],
    registers,
    collect() {
      for (const [level, { ready }] of levels()) this.set({ level }, Number(ready));
    },
  });
  new Gauge({
    name: "isolate_database_survivors",
    help: "Database sessions that outlive their execution and could not be ended yet",
    labelNames: ["level"],
    registers,
    collect() {
      for (const [level, { survivors = 0 }] of levels()) this.set({ level }, survivors);
    },
  });
  new Gauge({
    name: "isolate_audit_waiting",
    help: "Executions that are still to be written down",
    registers,
    collect() {
      this.set(executionWriter.waiting);
    },
  });
  new Gauge({
    name: "isolate_store_up",
    help: "Whether the store takes writes: 1 or 0",
    registers,
    async collect() {
      this.set(Number(await health.up()));
    },
  });
  new Gauge({
    name: "isolate_nodes",
    help: "Servers that share the store, this one included",
    registers,
    async collect() {
      const count = await nodes.count();
      if (count !== undefined) this.set(count);
    },
  });
  new Gauge({
    name: "isolate_schedules_lag_seconds",
    help: "Seconds since which the oldest due schedule waits to be served; 0 if none does",
    registers,
    async collect() {
      const lag = await lagOf(store);
      if (lag !== undefined) this.set(lag / 1_000);
    },
  });
  addStoreGauges(registers, store);
  addSessionCounts(registers, sessions);
}

function addSessionCounts(registers: Registry[], sessions: Sources["sessions"]): void {
  new Gauge({
    name: "isolate_sessions",
    help: "Sessions that live on this server",
    registers,
    collect() {
      this.set(sessions.size);
    },
  });
  new Counter({
    name: "isolate_sessions_started_total",
    help: "Sessions that have begun on this server",
    registers,
    collect() {
      this.reset();
      this.inc(sessions.begun);
    },
  });
}

function addStoreGauges(registers: Registry[], store: Pick<Store, "condition">): void {
  new Gauge({
    name: "isolate_store_reserved",
    help: "Whether the store keeps nothing more, for its disk has no more room: 1 or 0",
    registers,
    async collect() {
      this.set(Number((await store.condition()).reserved));
    },
  });
  new Gauge({
    name: "isolate_store_free_bytes",
    help: "Bytes that are free on the disk of a store in a directory",
    registers,
    async collect() {
      const { free } = await store.condition();
      if (free !== undefined) this.set(free);
    },
  });
}

async function lagOf({ schedules }: Pick<Store, "schedules">): Promise<number | undefined> {
  try {
    return await schedules.lag();
  } catch {
    // Another gauge tells that the store is away.
    return undefined;
  }
}
