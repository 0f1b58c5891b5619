import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sequence } from "../../doctor/escape-checks.ts";
import { IN_GVISOR } from "../../doctor/gvisor.ts";
import { HOST_PROBES } from "../../doctor/host-probes.ts";
import type { Facts } from "../../doctor/probe.ts";
import { ATTEMPTS, REFUSAL } from "../../doctor/worker-probe.ts";
import { containerOptions, networkOptions } from "../../src/engines/container/flags.ts";
import { inGVisor } from "../helpers/gvisor.ts";
import { type Adjustment, Laboratory, type Protection } from "./probe-sandbox.ts";
import { PROTECTIONS } from "./protections.ts";

let laboratory: Laboratory;

beforeAll(async () => {
  laboratory = await Laboratory.open();
}, 300_000);

afterAll(async () => {
  await laboratory?.close();
}, 60_000);

describe("A container without the Worker's permissions", { timeout: 60_000 }, () => {
  describe.each(PROTECTIONS)("$flag", (protection) => {
    const { code, given, weaken, cpus, outside, removed } = protection;
    const { unseen, irremovable, ...other } = inGVisor ? (IN_GVISOR[protection.flag] ?? {}) : {};
    const { holds } = { ...protection, ...other };

    it.skipIf(unseen)("holds", async () => {
      expect(await factsWith(protection)).toMatchObject(holds);
    });

    it.skipIf(unseen ?? irremovable)("is noticed when removed", async () => {
      const adjustments = [given, weaken];
      const facts = await laboratory.probe(code, { adjustments, cpus, outside });
      expect(facts).not.toMatchObject(holds);
      expect(facts).toMatchObject(removed);
    });
  });

  it("has the flags there are probes for, and no other", () => {
    const probed = PROTECTIONS.map(({ flag }) => flag);
    expect([...protectiveFlags(), ...ENGINE_DEFAULTS].sort()).toEqual(probed.sort());
  });

  it.each(HOST_PROBES)("holds as a whole: $what", async ({ code, holds }) => {
    expect(await laboratory.probe(code)).toMatchObject(holds);
  });
});

describe("The Worker's permissions", { timeout: 60_000 }, () => {
  it("refuse all of it inside an unmodified container", async () => {
    const { ended, ...answers } = await laboratory.probeUnmodified(ATTEMPTS);
    expect(ended).toBe("result");
    expect(Object.keys(answers).length).toBeGreaterThan(10);
    for (const [attempt, answer] of Object.entries(answers)) {
      expect([attempt, answer]).toEqual([attempt, expect.stringMatching(REFUSAL)]);
    }
  });

  it("are noticed when removed", async () => {
    const { ended, nodeWorker, ...answers } = await laboratory.probe(ATTEMPTS);
    expect(ended).toBe("result");
    // The runner refuses these itself, whatever the permissions.
    expect(nodeWorker).toMatch(REFUSAL);
    for (const [attempt, answer] of Object.entries(answers)) {
      expect([attempt, answer]).not.toEqual([attempt, expect.stringMatching(REFUSAL)]);
    }
  });
});

/** Facts that one sandbox has seen for all probes that can share it, by what is given to it. */
const shared = new Map<Adjustment | undefined, Promise<Facts>>();

const canShare = ({ alone, cpus, outside }: Protection): boolean =>
  !alone && cpus === undefined && outside === undefined;

/** Returns what a probe sees in a container that has its flag. */
async function factsWith(protection: Protection): Promise<Facts> {
  const { flag, code, given, cpus, outside } = protection;
  if (!canShare(protection)) {
    return laboratory.probe(code, { adjustments: [given], cpus, outside });
  }
  const group = PROTECTIONS.filter((other) => other.given === given && canShare(other));
  const seen = shared.get(given) ?? laboratory.probe(sequence(group), { adjustments: [given] });
  shared.set(given, seen);
  const { facts } = (await seen) as { facts: Readonly<Record<string, Facts>> };
  return facts[flag] ?? (await seen);
}

/** Options that describe a container and protect nothing. */
const DESCRIPTIVE = new Set([
  "Image",
  "Cmd",
  "Env",
  "Labels",
  "StopSignal",
  "AttachStdin",
  "AttachStdout",
  "AttachStderr",
  "HostConfig",
  "Tmpfs rw",
  "Tmpfs mode=1777",
]);

/** Protections that are the engine's default. */
const ENGINE_DEFAULTS = ["PidMode"];

/** Lists every flag of the two kinds of container, by the name of its probe. */
function protectiveFlags(): string[] {
  const instance = { id: "instance", runDirectory: "/run" };
  const slot = { id: "slot", directory: "/slot" };
  const profile = { memory: 256, cpus: 1 };
  const kinds = [
    containerOptions({ image: "image", profile, slot, instance, network: "network" }),
    networkOptions({ image: "image", id: "id", instance }),
  ];
  const flags = kinds.flatMap((options) => flagsOf({ ...options, ...options.HostConfig }));
  return [...new Set(flags)].filter((flag) => !DESCRIPTIVE.has(flag));
}

function flagsOf(options: object): string[] {
  return Object.entries(options).flatMap(([key, value]) => {
    const parts = partsOf(key, value);
    return parts === undefined ? [key] : parts.map((part) => `${key} ${part}`);
  });
}

/** Splits a flag into the protections it contains. */
function partsOf(key: string, value: unknown): readonly string[] | undefined {
  switch (key) {
    case "Tmpfs":
      return Object.values(value as Record<string, string>).flatMap((words) => words.split(","));
    case "Ulimits":
      return (value as { Name: string }[]).map(({ Name }) => Name);
    case "SecurityOpt":
      return (value as string[]).map((option) => option.replace(/^seccomp=.*/, "seccomp"));
    default:
      return undefined;
  }
}
