/** What a confined process can reach, and what ends it. */
import { expect, it } from "vitest";
import { ConfinedFailure } from "../../src/confined/process.ts";
import { Program } from "../../src/confined/program.ts";

const program = new Program({
  script: new URL("../helpers/confined/probe.ts", import.meta.url),
  limits: { memory: 128, cpu: 2, timeout: 20_000, bytes: 1_000_000, atOnce: 2, waiting: 8 },
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
