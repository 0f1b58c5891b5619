import { Gauge } from "prom-client";
import type { EngineStatus } from "../../src/engines/engine.ts";
import type { SandboxLevel } from "../../src/types.ts";
import type { Services } from "../services.ts";
import type { Metrics } from "./metrics.ts";

const LEVELS: readonly SandboxLevel[] = ["container", "isolated"];
const STATES = ["warm", "starting", "leased", "kept"] as const;

/** What is looked at whenever the metrics are asked for. */
export function addGauges(
  { registry }: Metrics,
  { kernel, audit, health }: Pick<Services, "kernel" | "audit" | "health">,
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
      this.set(audit.waiting);
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
}
