/** Tests the limits of a confined process, and its end. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { expect, it } from "vitest";
import { buildConfined, onlyFile } from "../../scripts/build/programs.ts";
import { confinable } from "../../src/confined-process/host-confinement.ts";
import { ConfinedFailure } from "../../src/confined-process/process.ts";
import { Program } from "../../src/confined-process/program.ts";

const program = new Program({
  script: async () => onlyFile(await buildConfined("probe", "tests/helpers/confined/probe.ts")),
  limits: {
    memory: 128,
    cpu: 2,
    timeout: 20_000,
    bytes: 1_000_000,
    facts: 100_000,
    atOnce: 2,
    waiting: 8,
  },
});
const ask = async (owner: string, question: string) =>
  (await program.run({ owner, input: { ask: question } })).answer;

it("has no file, variable, program, network or module", async () => {
  const found = (await ask("a", "everything")) as Record<string, string>;
  expect(Object.keys(found)).toHaveLength(11);
  for (const [name, outcome] of Object.entries(found)) {
    expect(`${name}: ${outcome}`).toMatch(/: (NotCapable|Error|TypeError|PermissionDenied)$/);
  }
});

/** Lists the children of this process that run Deno. */
function denoChildren(): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "latin1");
      return status.includes(`\nPPid:\t${process.pid}\n`) && status.startsWith("Name:\tdeno\n");
    } catch {
      return false;
    }
  });
}

it("has the walls around it that this host allows", async () => {
  await ask("w", "count");
  const host = await confinable();
  const children = denoChildren();
  expect(children.length).toBeGreaterThan(0);
  for (const pid of children) {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    if (host.noNewPrivileges) expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    if (host.user !== "same") {
      expect(status).toMatch(/^CapEff:\t0+$/m);
      expect(status).not.toMatch(/^Uid:\t0\t/m);
    }
    const network = readlinkSync(`/proc/${pid}/ns/net`);
    if (host.network !== "none") expect(network).not.toBe(readlinkSync("/proc/self/ns/net"));
  }
});

it.each(["loop", "memory", "answer"])(
  "is ended by a bound on %s, and the next one is well",
  async (how) => {
    const before = process.memoryUsage().rss;
    await expect(ask("b", how)).rejects.toThrow(ConfinedFailure);
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
    expect(await ask("b", "count")).toBe(1);
  },
);

it("has one owner's bytes alone", async () => {
  expect(await ask("c", "count")).toBe(1);
  expect(await ask("c", "count")).toBe(2);
  expect(await ask("d", "count")).toBe(1);
  expect(await ask("c", "count")).toBe(3);
});

it("refuses what waits beyond measure", async () => {
  const asked = Array.from({ length: 20 }, (_, n) => ask(`e${n % 2}`, "count"));
  const settled = await Promise.allSettled(asked);
  const refused = settled.flatMap((one) => (one.status === "rejected" ? [one.reason.code] : []));
  expect(new Set(refused)).toEqual(new Set(["HOST_BUSY"]));
  expect(refused.length).toBeLessThanOrEqual(12);
});
