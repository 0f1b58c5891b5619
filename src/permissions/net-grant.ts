import { type HostEntry, knownEntry, parseEntry } from "../destinations/host-entry.ts";
import { isLocal } from "../destinations/local.ts";
import { FORWARDER } from "../protocol/forwarder.ts";
import { isTunnelPort } from "../protocol/tunnels.ts";
import type { PlanInput } from "./plan-types.ts";
import type { Verdict } from "./refusal.ts";
import { unreachable } from "./unreachable.ts";

/** Judges an entry of `net`. */
export function judgeNet(entry: string, { level, operator }: PlanInput): Verdict {
  const parsed = parseEntry(entry);
  if (typeof parsed === "string") return { kind: "invalid", reason: parsed };
  const reason = objection(parsed, level, operator);
  return reason === undefined ? { granted: parsed.text } : { kind: "forbidden", reason };
}

function objection(
  { host, ports }: HostEntry,
  level: PlanInput["level"],
  { wildcards, isolatedNet, egress }: PlanInput["operator"],
): string | undefined {
  if (level === "isolated" && !isolatedNet) {
    return 'at level "isolated" only the Worker would check it: ask for level "container"';
  }
  if (host.startsWith("*") && !wildcards) {
    return "wildcards are not granted here: name each host";
  }
  if (level === "container" && ports.some(isOwnPort) && isLocal(host)) {
    return "belongs to the sandbox";
  }
  // Level "isolated" has no proxy: its process shares the host's loopback.
  return level === "container" ? unreachable({ host, ports }, egress) : undefined;
}

function isOwnPort(port: number): boolean {
  return port === FORWARDER.port || isTunnelPort(port);
}

/**
 * Makes the list for the Worker. Deno takes `*.x:443` but not `*`. If the list is `["*"]`, the
 * caller has to write `net: true`.
 *
 * @example
 * workerNet(["x.org", "y.org:22"]) // ["x.org:443", "x.org:80", "y.org:22"]
 */
export function workerNet(granted: readonly string[]): string[] {
  if (granted.includes("*")) return ["*"];
  const entries = granted.map(knownEntry);
  const texts = entries.flatMap(({ host, ports }) => ports.map((port) => `${host}:${port}`));
  return [...new Set(texts)].sort();
}

/**
 * Warns of hosts and ports that the Worker alone would allow beyond the words of an entry.
 *
 * @example
 * widened(["x.org", "*.x.org"]) // ['permissions.net: "*.x.org" includes "x.org" at level "isolated"']
 */
export function widened(granted: readonly string[]): string[] {
  const wild = granted.map(knownEntry).filter(({ host }) => host.startsWith("*"));
  return wild.map(({ host, text }) => {
    const more = host === "*" ? "every port" : `"${host.slice(2)}"`;
    return `permissions.net: "${text}" includes ${more} at level "isolated"`;
  });
}
