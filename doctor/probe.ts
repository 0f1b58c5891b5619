import type { ContainerCreateOptions } from "dockerode";
import { deadline } from "../src/base/deadline.ts";
import type { Ending, Sandbox } from "../src/engines/contract/contract.ts";
import { DEFAULT_OUTPUT_LIMITS } from "../src/protocol/limits.ts";

/** What a probe saw: the object its code returned, and how it ended. */
export type Facts = Readonly<Record<string, unknown>>;

/** Code that tells from the inside whether a flag of a sandbox container is there. */
export interface Probe {
  /** Its key in `containerOptions()`, and which one of several in it. */
  readonly flag: string;
  /** What the flag is for, in an operator's words. */
  readonly what: string;
  /** Body of an async function that returns what it saw. */
  readonly code: string;
  /** What the code sees with the flag, among other things. */
  readonly holds: Facts;
  /** What it sees where nothing can be said, and what to do then. */
  readonly unclear?: { readonly facts: Facts; readonly advice: string };
  /** Whether it leaves its sandbox unfit for another probe. Default false. */
  readonly alone?: boolean;
  /** Whether it is run as root, which `User` would hide it from. Default false. */
  readonly root?: boolean;
  /** Cores of its sandbox. Default 1. */
  readonly cpus?: number;
}

/** Port of `upstream`, an address that code tries to reach. */
export const UPSTREAM_PORT = 9000;

const PROBE_WITHIN = 30_000;

/** Runs a probe's code in a sandbox and resolves with what it saw, however it ended. */
export async function runProbe(sandbox: Sandbox, body: string, upstream: string): Promise<Facts> {
  const job = {
    code: `${HELPERS}\nexport default async ({ upstream }) => {\n${body}\n};`,
    entry: "default",
    input: JSON.stringify({ upstream }),
    tools: [],
    limits: DEFAULT_OUTPUT_LIMITS,
  };
  const running = sandbox.run(job, { onLog: () => {} }, PROBE_WITHIN);
  return factsOf(sandbox, await deadline(running, PROBE_WITHIN, "A probe"));
}

/** Replaces the permissions of the sandbox's Deno process by all there are. */
export function allowAll(options: ContainerCreateOptions): void {
  const [command = "run", ...args] = options.Cmd ?? [];
  const kept = args.filter((arg) => !/^--(allow|deny)-/.test(arg));
  options.Cmd = [command, "-A", ...kept];
}

/** Whether `actual` is as `expected` says; what that does not mention is of no interest. */
export function matches(actual: unknown, expected: unknown): boolean {
  if (typeof expected !== "object" || expected === null) return Object.is(actual, expected);
  if (typeof actual !== "object" || actual === null) return false;
  if (Array.isArray(expected) && expected.length !== (actual as unknown[]).length) return false;
  return Object.entries(expected).every(
    ([key, value]) =>
      Object.hasOwn(actual, key) && matches((actual as Record<string, unknown>)[key], value),
  );
}

/** What the code of every probe may use. */
const HELPERS = `
/** "ok", or the code or message of what the work failed with. */
async function said(work) {
  try {
    await work();
    return "ok";
  } catch (error) {
    return error.code ?? error.message;
  }
}
const text = (path) => Deno.readTextFileSync(path);
/** What the kernel keeps about this container under that name, if it does. */
function cgroup(name) {
  try {
    return text("/sys/fs/cgroup/" + name);
  } catch {}
}
/** A field of this process's status, as the kernel tells it. */
function status(field) {
  return new RegExp("^" + field + ":\\\\s*(.*)$", "m").exec(text("/proc/self/status"))[1];
}
/** Functions of the C library, all of them returning an int. */
function libc(signatures) {
  const symbols = { __errno_location: { parameters: [], result: "pointer" } };
  for (const [name, parameters] of Object.entries(signatures)) {
    symbols[name] = { parameters, result: "i32" };
  }
  return Deno.dlopen("libc.so.6", symbols).symbols;
}
/** A call's result, or the negative errno, as the kernel itself returns it. */
const kernel = (c, result) =>
  result < 0 ? -new Deno.UnsafePointerView(c.__errno_location()).getInt32() : result;
`;

async function factsOf(sandbox: Sandbox, ending: Ending): Promise<Facts> {
  switch (ending.type) {
    case "result":
      return { ...JSON.parse(ending.text ?? "{}"), ended: "result" };
    case "error":
      return { ended: "error", fault: ending.fault };
    default:
      return { ended: "closed", fault: await sandbox.diagnose() };
  }
}
