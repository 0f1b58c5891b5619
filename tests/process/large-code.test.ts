/** Tests code of the largest size in real sandboxes: one-shot, kept, hostile and in little memory. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { config } from "../../src/config/config.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import { openKernel } from "../../src/kernel/open.ts";
import type { SandboxLevel } from "../../src/request/types.ts";
import { SOAK } from "../helpers/soak.ts";

const MOST = 8_388_608;
const LEVELS = ["isolated", "none"] as const;
const TIMEOUT = 60_000;

let directory: string;
let kernel: Kernel;
let close: () => Promise<void>;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  const settings = { timeout: TIMEOUT, cluster: { min: 1, max: 4 } };
  ({ kernel, close } = await openKernel({
    config: config({ ...settings, sandbox: "isolated", maxSize: 1_048_576 }),
    inProcess: true,
    runDirectory: directory,
    containers: null,
    plugins: [],
    tools: [],
    useCluster: true,
    hostAlone: false,
    log: () => {},
  }));
});
afterAll(async () => {
  await close();
  await rm(directory, { recursive: true });
});

/** Makes a bundle of exactly so many bytes: many functions, one of which counts its calls. */
function bundleOf(bytes: number, mark = ""): string {
  const head = `/*${mark}*/let calls = 0;\nexport default (n) => [n, f0(n), ++calls];\n`;
  const parts = [head];
  let left = bytes - head.length;
  for (let n = 0; left > 2_000; n += 1) {
    const lines = Array.from({ length: 30 }, (_, k) => `const y${k} = [x + ${n}, { a: "${n}" }];`);
    const part = `function f${n}(x) { ${lines.join(" ")} return x + ${n}; }\n`;
    parts.push(part);
    left -= part.length;
  }
  return parts.join("") + " ".repeat(left);
}

function run(code: string, sandbox: SandboxLevel, more: object = {}) {
  const request = { code, sandbox, input: 1, language: "javascript", ...more } as const;
  return kernel.execute(request, { isBundle: true });
}

describe.each(LEVELS)("level %s", (level) => {
  it("runs a bundle of 8 MiB, and no byte more", async () => {
    expect(await run(bundleOf(MOST), level)).toMatchObject({ ok: true, result: [1, 1, 1] });
    const refused = run(bundleOf(MOST + 1), level);
    await expect(refused).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE", field: "code" });
  });

  it("keeps it loaded for the next execution", async () => {
    const code = bundleOf(MOST / 4, "kept");
    for (const calls of [1, 2, 3]) {
      const output = await run(code, level, { reuse: "code" });
      expect(output).toMatchObject({ ok: true, result: [1, 1, calls] });
    }
  });

  it("runs code of 1 MiB as code", async () => {
    const request = { code: bundleOf(1_048_576), sandbox: level, input: 1 };
    expect(await kernel.execute(request)).toMatchObject({ ok: true, result: [1, 1, 1] });
  });
});

it.each([["of other characters", "日本"], ...(SOAK ? [["of Latin-1", ""] as const] : [])] as const)(
  "a bundle of 8 MiB %s runs in 192 MB, and in less it runs or says that memory ends",
  async (_what, mark) => {
    const code = bundleOf(MOST - 4, mark);
    expect(await run(code, "isolated", { memory: 192 })).toMatchObject({ result: [1, 1, 1] });
    const { ok, outcome, logs = [] } = await run(code, "isolated", { memory: 128 });
    if (ok) return;
    expect(outcome).toBe("memory");
    expect(logs.at(-1)).toMatchObject({ name: "MemoryError" });
  },
);

const HOSTILE: [what: string, make: () => string][] = [
  ["open brackets", () => "[".repeat(MOST)],
  ["imports", () => 'import "x";\n'.repeat(690_000)],
  ["one line", () => `export default () => [${"1,".repeat(4_190_000)}].length`],
  ["template literals", () => `export default () => [${"`a`,".repeat(1_600_000)}].length`],
  ["words of imports", () => `export default () => ["${"import from ".repeat(690_000)}"].length`],
  ["half a string", () => `export default "${"a".repeat(8_388_000)}`],
];

// The first are the slowest for a parser, and for a reader of imports.
it.each(SOAK ? HOSTILE : HOSTILE.slice(0, 2))(
  "8 MiB of %s hold up nobody else, and end as code does",
  async (_what, make) => {
    const code = make();
    // Reads it once in each way that the control plane does, for the measure of this machine.
    const started = performance.now();
    for (let n = 0; n < 3; n += 1) JSON.stringify(Buffer.from(code).toString());
    const reading = performance.now() - started;
    const delays = monitorEventLoopDelay({ resolution: 5 });
    delays.enable();
    const running = run(code, "isolated", { memory: 256, timeout: 20_000 });
    const beside = await kernel.execute({ code: "export default () => 7", sandbox: "isolated" });
    const { outcome } = await running;
    delays.disable();
    expect(beside).toMatchObject({ ok: true, result: 7 });
    expect(["ok", "exception", "memory", "timeout"]).toContain(outcome);
    expect(delays.max / 1e6).toBeLessThan(Math.max(500, reading * 10));
  },
);
