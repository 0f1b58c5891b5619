import type { LogEntry } from "../../src/request/types.ts";
import type { ExecutionWriter } from "../runs/execution-writer.ts";
import { levelOf } from "../runs/kept-logs.ts";
import { noSuchExecution } from "../runs/no-such-execution.ts";
import type { RunningLogs } from "../runs/running-logs.ts";
import type { Executions } from "../store/contract/executions.ts";
import type { JobRow, Jobs } from "../store/contract/jobs.ts";
import type { Logs } from "../store/contract/logs.ts";
import { droppedText, filtered, functionLogsText } from "./log-text.ts";

export interface KeptLogsParts {
  readonly executions: Executions;
  readonly logs: Logs;
  readonly executionWriter: ExecutionWriter;
  readonly runningLogs: RunningLogs;
  readonly store: { readonly jobs: Pick<Jobs, "get"> };
}

export interface LogsAsked {
  readonly function: string;
  readonly version?: number | undefined;
  readonly level?: LogEntry["level"] | undefined;
  readonly since?: Date | undefined;
  /** `next` of the page before. */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** Reasons why a job has no entries here, by its state. */
const UNFINISHED: { readonly [State in JobRow["state"]]?: string } = {
  queued: "The execution has not begun: its job is queued",
  running:
    "The execution runs, and its entries are not here: another server may run it, and has them until it ends",
};

/** Writes what an execution has logged so far, as JSON. */
export async function executionLogsText(
  { executions, logs, executionWriter, runningLogs, store }: KeptLogsParts,
  tenant: string,
  id: string,
): Promise<string> {
  const answer = (running: boolean, entries: string, dropped: number): string => {
    const head = JSON.stringify({ id: id.toLowerCase(), running });
    return `${head.slice(0, -1)},"logs":${entries}${droppedText(dropped)}}`;
  };
  const running = runningLogs.get(tenant, id.toLowerCase());
  if (running !== undefined) return answer(true, running.entries, running.dropped);
  await executionWriter.flush();
  const kept = await logs.get(tenant, id);
  if (kept !== undefined) return answer(false, kept.entries, kept.dropped);
  if ((await executions.get(tenant, id)) === undefined) {
    const job = await store.jobs.get(tenant, id);
    throw noSuchExecution(job && UNFINISHED[job.state]);
  }
  return answer(false, "[]", 0);
}

/** Writes a page of what the executions of a function have logged, as JSON. */
export async function functionLogsPage(
  { logs, executionWriter }: Pick<KeptLogsParts, "logs" | "executionWriter">,
  tenant: string,
  { level, ...asked }: LogsAsked,
): Promise<string> {
  await executionWriter.flush();
  const { rows, next } = await logs.list(tenant, { ...asked, level: level && levelOf({ level }) });
  const texts = rows.map((row) => functionLogsText(row, filtered(row.entries, level)));
  const more = next === undefined ? "" : `,"next":${JSON.stringify(next)}`;
  return `{"executions":[${texts.join()}]${more}}`;
}
