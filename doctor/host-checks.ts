import { execFile } from "node:child_process";
import { Resolver } from "node:dns/promises";
import { promisify } from "node:util";
import { messageOf } from "../src/base/errors.ts";
import { DENO_VERSION, denoBinary } from "../src/deno/deno.ts";
import { assertSocketPaths } from "../src/engines/instance/run-directory.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import { checkNode } from "./node-check.ts";

const DENO_WITHIN = 10_000;
const NAMES_WITHIN = 2_000;
/** Codes of a query that no name server answered. */
const SILENT = ["ETIMEOUT", "ECONNREFUSED", "ECANCELLED"];
/** Day on which no clock can be behind. */
const MADE = new Date("2026-01-01");

/** Checks the versions of Node (for the control plane) and of Deno (for sandboxes). */
export async function* checkPrograms(): AsyncGenerator<Finding> {
  yield checkNode(process.versions.node);
  if (process.platform !== "linux") {
    const advice = "Run it on Linux, or by compose.yaml in a Linux virtual machine";
    yield warn("platform", `${process.platform} has no control groups of its own`, advice);
  }
  yield await deno();
}

async function deno(): Promise<Finding> {
  try {
    const run = promisify(execFile);
    const { stdout } = await run(denoBinary(), ["--version"], { timeout: DENO_WITHIN });
    if (stdout.startsWith(`deno ${DENO_VERSION} `)) return ok("deno", `Deno ${DENO_VERSION} runs`);
    return fail("deno", `Deno ${DENO_VERSION} was expected`, 'Run "npm ci"');
  } catch (error) {
    return fail("deno", `Deno does not run: ${messageOf(error)}`, 'Run "npm ci" on glibc');
  }
}

/** Checks that the paths of sockets in a run directory are short enough for the kernel. */
export function checkSocketPaths(runDirectory: string): Finding[] {
  try {
    assertSocketPaths(runDirectory);
    return [];
  } catch (error) {
    return [fail("run directory", messageOf(error), "Name a shorter one by ISOLATE_RUN_DIR")];
  }
}

/** Checks that the clock has been set: certificates, leases and kept executions depend on it. */
export function checkClock(now = new Date()): Finding[] {
  if (now >= MADE) return [];
  const said = `The clock says ${now.toISOString()}, which is before this version was made`;
  return [fail("clock", said, "Set it, and let it follow a time server")];
}

/**
 * Checks that the name servers of the egress proxy answer anything at all, be it a refusal. Only
 * granted hosts need them.
 */
export async function checkNames(servers?: readonly string[]): Promise<Finding[]> {
  const resolver = new Resolver({ timeout: NAMES_WITHIN, tries: 1 });
  if (servers !== undefined) resolver.setServers(servers);
  const asked = resolver.getServers();
  const code = await resolver.resolveNs("com").then(
    () => "",
    ({ code }: NodeJS.ErrnoException) => code,
  );
  if (code === undefined || !SILENT.includes(code)) return [];
  const said = `No name server answers (${asked.join(", ")}): granted hosts fail with RESOLVE_FAILED or RESOLVE_TIMEOUT`;
  return [
    warn("names", said, "Correct /etc/resolv.conf, or name addresses by ISOLATE_EGRESS_HOSTS"),
  ];
}
