import { setTimeout as sleep } from "node:timers/promises";
import { EngineUnavailable } from "../base/errors.ts";
import type { DockerSupervisor } from "./container/docker-supervisor.ts";
import type { Profile } from "./contract/contract.ts";
import { type HostFault, missingSandbox } from "./explain/host-faults.ts";
import type { PooledEngine } from "./run/pooled-engine.ts";

/** Milliseconds after which a fault that may pass counts as one that stays. */
const FAULTY_FOR = 10_000;
const LOOK_EVERY = 25;

/** A level that is waited for. */
export interface AwaitedLevel {
  readonly engine: PooledEngine;
  /** Absent for levels without Docker. */
  readonly supervisor?: Pick<DockerSupervisor, "fault" | "onFault"> | undefined;
  /** Profile of the sandbox that is tried where none is kept warm. */
  readonly profile: Profile;
  /** True if sandboxes are kept warm. */
  readonly isWarm: boolean;
}

/**
 * Resolves once a level has started a sandbox. Where none is kept warm, one is started and ended.
 *
 * @throws {EngineUnavailable} with the doctor's words. That is after `timeout` ms, earlier for a
 * fault that stays.
 */
export async function whenReady(level: AwaitedLevel, timeout: number): Promise<void> {
  const { engine, supervisor } = level;
  const begun = performance.now();
  const over = new AbortController();
  let fault: HostFault | undefined;
  const note = (next: HostFault, stays: boolean): void => {
    fault = next;
    if (stays || performance.now() - begun >= FAULTY_FOR) over.abort();
  };
  const onFailed = (error: unknown): void => note(missingSandbox(error), false);
  const timer = setTimeout(() => over.abort(), timeout);
  engine.pool.backOff.onFailed.add(onFailed);
  supervisor?.onFault.add(note);
  if (supervisor?.fault) note(supervisor.fault.known, supervisor.fault.stays);
  try {
    if (await hasStarted(level, over.signal)) return;
    const { message, advice } = fault ?? unstarted(level, timeout);
    throw new EngineUnavailable(`Level "${engine.level}" cannot run here. ${message}. ${advice}`);
  } finally {
    clearTimeout(timer);
    engine.pool.backOff.onFailed.delete(onFailed);
    supervisor?.onFault.delete(note);
  }
}

/** Describes a level that has reported no fault within its time. */
function unstarted({ engine, supervisor }: AwaitedLevel, timeout: number): HostFault {
  const reason = engine.pool.halted?.message ?? "No sandbox has started";
  const image = supervisor === undefined ? "" : ": the first start on a host makes an image";
  return { message: `${reason}, after ${timeout} ms`, advice: `Allow more by "ready"${image}` };
}

/**
 * Resolves with true once a sandbox has started, and with false once `signal` is aborted or the pool
 * closed, because another level has failed.
 */
async function hasStarted(
  { engine: { pool }, profile, isWarm }: AwaitedLevel,
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted && !pool.closed) {
    if (pool.warm > 0) return true;
    if (!isWarm && pool.halted === undefined) {
      const sandbox = await pool.acquire(profile, signal).catch(() => undefined);
      if (sandbox !== undefined) {
        await pool.discard(sandbox);
        return true;
      }
    }
    await sleep(LOOK_EVERY);
  }
  return false;
}
