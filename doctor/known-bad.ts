import { compareVersions, lineOf } from "./version.ts";

/** A version that lets code out of its container, with the component's name in `docker version`. */
interface KnownBad {
  readonly component: "runc" | "containerd" | "Engine";
  readonly id: string;
  /** First good version of each release line that got a fix. All older lines are bad. */
  readonly fixed: readonly string[];
  readonly reason: string;
}

const KNOWN_BAD: readonly KnownBad[] = [
  {
    component: "runc",
    id: "CVE-2019-5736",
    fixed: ["1.0.0-rc7"],
    reason: "a container can replace runc on the host",
  },
  {
    component: "runc",
    id: "CVE-2021-30465",
    fixed: ["1.0.0-rc95"],
    reason: "a mount of one container can be led to the host's files by another",
  },
  {
    component: "runc",
    id: "CVE-2024-21626",
    fixed: ["1.1.12"],
    reason: "a directory of the host's is left open in containers",
  },
  {
    component: "runc",
    id: "CVE-2025-31133, CVE-2025-52565, CVE-2025-52881",
    fixed: ["1.2.8", "1.3.3", "1.4.0-rc.3"],
    reason: "what masks /proc can be led elsewhere, and writes to it to the host's",
  },
  {
    component: "containerd",
    id: "CVE-2020-15257",
    fixed: ["1.3.9", "1.4.3"],
    reason: "whoever is in the host's network, as the egress proxy is, commands every container",
  },
  {
    component: "Engine",
    id: "CVE-2021-41091",
    fixed: ["20.10.9"],
    reason: "other users of the host can run programs out of containers' files",
  },
];

export interface Verdict {
  readonly id: string;
  readonly reason: string;
  /** Oldest good version. */
  readonly fixed: string;
  /**
   * True if a distribution made this version. It may contain the fix under the old number; only its
   * changelog shows that.
   */
  readonly patched: boolean;
}

/** Finds known vulnerabilities of a component's version, both as in `docker version`. */
export function knownBad(component: string, version: string): Verdict[] {
  const patched = /[+~]|ubuntu|\.(el|fc|amzn)\d/.test(version);
  return KNOWN_BAD.filter((bad) => bad.component === component && isBelow(version, bad.fixed)).map(
    ({ id, reason, fixed }) => ({ id, reason, fixed: fixed.join(" or "), patched }),
  );
}

function isBelow(version: string, fixed: readonly string[]): boolean {
  const [oldest = ""] = fixed;
  const ofItsLine = fixed.find((one) => lineOf(one) === lineOf(version));
  return compareVersions(version, ofItsLine ?? oldest) < 0;
}
