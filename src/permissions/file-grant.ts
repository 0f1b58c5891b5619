import { IN_DIRECTORY, OUT_DIRECTORY } from "../protocol/exchanged-files.ts";
import type { PlanInput, PlannedFiles, PlannedWorker } from "./plan-types.ts";
import { type PermissionRefusal, refuse } from "./refusal.ts";

const NOWHERE = 'there is no directory for them: set "sandbox": "container"';

/** Adds the directories of an execution's files to its Worker's permissions. */
export function withFiles(worker: PlannedWorker, files: PlannedFiles | undefined): PlannedWorker {
  if (files === undefined) return worker;
  const { given, artifacts } = files;
  const read = [...(given.length > 0 ? [IN_DIRECTORY] : []), ...(artifacts ? [OUT_DIRECTORY] : [])];
  return {
    ...worker,
    read: joined(worker.read, read),
    write: artifacts ? joined(worker.write, [OUT_DIRECTORY]) : worker.write,
  };
}

function joined(list: readonly string[], more: readonly string[]): string[] {
  return [...new Set([...list, ...more])];
}

/** Refuses files where a sandbox has no directory of its own. */
export function judgeFiles(
  level: PlanInput["level"],
  files: PlannedFiles | undefined,
): PermissionRefusal[] {
  if (files === undefined || level === "container") return [];
  const reason = `At level "${level}" ${NOWHERE}`;
  const asked = [
    ...(files.given.length > 0 ? (["files"] as const) : []),
    ...(files.artifacts ? (["artifacts"] as const) : []),
  ];
  return asked.map((field) => refuse(field, field, "forbidden", reason));
}
