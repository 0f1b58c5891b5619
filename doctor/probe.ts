import type { ContainerCreateOptions } from "dockerode";
import { deadline } from "../src/base/deadline.ts";
import type { Ending, Sandbox } from "../src/engines/contract/contract.ts";
import { OUTPUT_LIMITS } from "../src/protocol/limits.ts";

/** Facts of a probe: the object its code returned, and how it ended. */
export type Facts = Readonly<Record<string, unknown>>;

/** Code that detects from the inside whether a flag of a sandbox container is set. */
export interface Probe {
  /** Key of the flag in `containerOptions()`, and which of its values. */
  readonly flag: string;
  /** Purpose of the flag, in an operator's words. */
  readonly what: string;
  /** Body of an async function that returns the facts. */
  readonly code: string;
  /** Facts seen with the flag. Others may be seen, too. */
  readonly holds: Facts;
  /** Facts that leave the result open, and advice for that case. */
  readonly unclear?: { readonly facts: Facts; readonly advice: string };
  /** True if its sandbox cannot run another probe afterwards. Default false. */
  readonly alone?: boolean;
  /** True to run it as root, because `User` would hide the flag's effect. Default false. */
  readonly root?: boolean;
  /** Cores of its sandbox. Default 1. */
  readonly cpus?: number;
}

/** Port of `upstream`, an address that code tries to reach. */
export const UPSTREAM_PORT = 9000;

const PROBE_WITHIN = 30_000;

/** Runs a probe's code in a sandbox. Resolves with the facts in every case. */
export async function runProbe(sandbox: Sandbox, body: string, upstream: string): Promise<Facts> {
  const job = {
    code: `${HELPERS}\nexport default async ({ upstream }) => {\n${body}\n};`,
    entry: "default",
    input: JSON.stringify({ upstream }),
    tools: [],
    limits: OUTPUT_LIMITS,
  };
  const running = sandbox.run(job, { onLog: () => {} }, PROBE_WITHIN);
  return factsOf(sandbox, await deadline(running, PROBE_WITHIN, "A probe"));
}

/** Gives the sandbox's Deno process all permissions. */
export function allowAll(options: ContainerCreateOptions): void {
  const [command = "run", ...args] = options.Cmd ?? [];
  const kept = args.filter((arg) => !/^--(allow|deny)-/.test(arg));
  options.Cmd = [command, "-A", ...kept];
}

/** Tests that `actual` contains everything in `expected`. Other members are ignored. */
export function matches(actual: unknown, expected: unknown): boolean {
  if (typeof expected !== "object" || expected === null) return Object.is(actual, expected);
  if (typeof actual !== "object" || actual === null) return false;
  if (Array.isArray(expected) && expected.length !== (actual as unknown[]).length) return false;
  return Object.entries(expected).every(
    ([key, value]) =>
      Object.hasOwn(actual, key) && matches((actual as Record<string, unknown>)[key], value),
  );
}

/** Functions for the code of every probe. */
const HELPERS = `
/** Runs work. Returns "ok", or the code or message of its error. */
async function said(work) {
  try {
    await work();
    return "ok";
  } catch (error) {
    return error.code ?? error.message;
  }
}
const text = (path) => Deno.readTextFileSync(path);
/** Reads a file of this container's cgroup, if it exists. */
function cgroup(name) {
  try {
    return text("/sys/fs/cgroup/" + name);
  } catch {}
}
/** Reads a field of this process's status in the kernel. */
function status(field) {
  return new RegExp("^" + field + ":\\\\s*(.*)$", "m").exec(text("/proc/self/status"))[1];
}
/** Opens functions of the C library that return an int. */
function libc(signatures) {
  const symbols = { __errno_location: { parameters: [], result: "pointer" } };
  for (const [name, parameters] of Object.entries(signatures)) {
    symbols[name] = { parameters, result: "i32" };
  }
  return Deno.dlopen("libc.so.6", symbols).symbols;
}
/** Returns a call's result or the negative errno, as the kernel does. */
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
