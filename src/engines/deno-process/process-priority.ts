import { readdirSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import type { StartPriority } from "../pool/quiet-start.ts";

/** Steps by which a start is nicer than this process: it gets a tenth of an equal share. */
const NICER = 10;
const NICEST = 19;
/** Looks at all threads, of which one may start another meanwhile. */
const MOST_LOOKS = 10;

let mayRaise: boolean | undefined;

/**
 * Gives a process that has just been started a low priority, which all threads of it get. Returns
 * `undefined` where this process could not raise it again.
 */
export function lowPriority(pid: number): StartPriority | undefined {
  mayRaise ??= canRaise();
  if (!mayRaise) return undefined;
  try {
    setPriority(pid, Math.min(NICEST, getPriority() + NICER));
  } catch {
    // It has ended, or is none of ours.
    return undefined;
  }
  return { raise: () => raise(pid) };
}

/** Gives all threads of a process the priority of this one. */
function raise(pid: number): void {
  const usual = getPriority();
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    const low = threadsOf(pid).filter((thread) => isLower(thread, usual));
    if (low.length === 0) return;
    for (const thread of low) setOf(thread, usual);
  }
  throw new Error(`The priority of process ${pid} could not be raised`);
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

function isLower(thread: number, usual: number): boolean {
  try {
    return getPriority(thread) > usual;
  } catch {
    // It has ended.
    return false;
  }
}

function setOf(thread: number, priority: number): void {
  try {
    setPriority(thread, priority);
  } catch {
    // It has ended, or the next look finds it as it was.
  }
}

/** Tells whether this process may raise priorities, by trying it on itself for a moment. */
function canRaise(): boolean {
  const usual = getPriority();
  try {
    setPriority(usual - 1);
    setPriority(usual);
    return process.platform === "linux";
  } catch {
    return false;
  }
}
