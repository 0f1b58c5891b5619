/** Tests the usage of a sandbox, as read from the kernel's files. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Cgroups } from "../../../../../src/engines/container/cgroup.ts";
import { type Gauge, Meter } from "../../../../../src/engines/metering/meter.ts";
import { ProcessGauge } from "../../../../../src/engines/metering/process-gauge.ts";

/** Makes a gauge with a value that the test sets. */
function gauge(): Gauge & { now: number | null; closed: boolean } {
  return {
    now: 0 as number | null,
    closed: false,
    cpu() {
      return this.now;
    },
    forgetPeak: () => false,
    peakMemory() {
      return this.now === null ? null : 1_024;
    },
    close() {
      this.closed = true;
    },
  };
}

describe("a meter", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("leaves out the start, and has a later job answer for what came before it", () => {
    const shown = gauge();
    const meter = new Meter(shown);
    shown.now = 80;
    meter.begin();
    shown.now = 80.0016;
    expect(meter.take()).toEqual({ cpu: 0.002, peakMemory: 1_024 });
    shown.now = 85;
    expect(meter.take().cpu).toBe(5);
    meter.end();
    shown.now = 95;
    meter.begin();
    shown.now = 96;
    expect(meter.take().cpu).toBe(11);
    meter.close();
  });

  it("knows of a sandbox that is gone what it knew shortly before", () => {
    const shown = gauge();
    const meter = new Meter(shown);
    meter.begin();
    shown.now = 70;
    vi.advanceTimersByTime(100);
    shown.now = null;
    meter.close();
    expect(meter.take()).toEqual({ cpu: 70, peakMemory: 1_024 });
    expect(shown.closed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes no readings between two jobs", () => {
    const meter = new Meter(gauge());
    meter.begin();
    expect(vi.getTimerCount()).toBe(1);
    meter.end();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("says so of what nobody shows", () => {
    const shown = gauge();
    shown.now = null;
    const meter = new Meter(shown);
    meter.begin();
    expect(meter.take()).toEqual({ cpu: null, peakMemory: null });
    meter.close();
  });
});

describe("the control groups of an engine", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "isolate-"));
  });
  afterEach(() => rm(root, { recursive: true }));

  async function put(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
  }
  const STAT = "usage_usec 12500\nuser_usec 9000\nsystem_usec 3500\n";
  const nobody = () => Promise.reject(new Error("It need not be asked"));

  it.each<[string, Readonly<Record<string, string>>]>([
    ["version 2", { "docker/abc/cpu.stat": STAT, "docker/abc/memory.peak": "2048\n" }],
    [
      "version 2, by systemd",
      {
        "system.slice/docker-abc.scope/cpu.stat": STAT,
        "system.slice/docker-abc.scope/memory.peak": "2048\n",
      },
    ],
    [
      "version 1",
      {
        "cpuacct/docker/abc/cpuacct.usage": "12500000\n",
        "memory/docker/abc/memory.max_usage_in_bytes": "2048\n",
      },
    ],
  ])("are read: %s", async (_version, files) => {
    await put(files);
    const found = await new Cgroups(root).gauge("abc", nobody);
    expect([found?.cpu(), found?.peakMemory()]).toEqual([12.5, 2_048]);
    found?.close();
    expect([found?.cpu(), found?.peakMemory()]).toEqual([null, null]);
  });

  it.each([
    ["version 2", "docker/abc/cpu.stat", "docker/abc/cpu.max", "docker/abc/cpu.weight", "100"],
    [
      "version 1",
      "cpuacct/docker/abc/cpuacct.usage",
      "cpu/docker/abc/cpu.cfs_quota_us",
      "cpu/docker/abc/cpu.shares",
      "1024",
    ],
  ])("give a container its usual weight: %s", async (_version, time, quota, share, usual) => {
    await put({ [time]: STAT, [quota]: "0" });
    const cgroups = new Cgroups(root);
    expect([cgroups.givesShares, cgroups.giveUsualShare("abc")]).toEqual([false, false]);
    await cgroups.gauge("abc", nobody);
    cgroups.throttle("abc");
    expect([cgroups.givesShares, cgroups.giveUsualShare("abc")]).toEqual([true, true]);
    expect(await readFile(join(root, share), "utf8")).toBe(usual);
    expect(cgroups.giveUsualShare("gone")).toBe(false);
  });

  it("without the file of the most memory tell of the time alone", async () => {
    await put({ "docker/abc/cpu.stat": STAT });
    const found = await new Cgroups(root).gauge("abc", nobody);
    expect([found?.cpu(), found?.peakMemory()]).toEqual([12.5, null]);
    found?.close();
  });

  it("that are not to be seen give no gauge, and are looked for once", async () => {
    const asked = vi.fn(nobody);
    const cgroups = new Cgroups(root);
    expect(await cgroups.gauge("abc", asked)).toBeUndefined();
    expect(await cgroups.gauge("def", asked)).toBeUndefined();
    expect(asked).toHaveBeenCalledTimes(1);
  });
});

describe("the gauge of a process", () => {
  it("tells what the process itself is told", () => {
    const shown = new ProcessGauge(process.pid);
    const before = shown.cpu();
    // Measured in its own CPU time, because wall time may go to others on a busy machine.
    for (const start = process.cpuUsage(); process.cpuUsage(start).user < 100_000; );
    const { user, system } = process.cpuUsage();
    expect(Number(shown.cpu())).toBeGreaterThan(Number(before));
    expect(Math.abs(Number(shown.cpu()) - (user + system) / 1_000)).toBeLessThan(100);
    // The reported maximum may be the parent's, from before this program was loaded.
    const most = process.resourceUsage().maxRSS * 1_024;
    expect(Number(shown.peakMemory())).toBeGreaterThan(process.memoryUsage.rss() * 0.8);
    expect(Number(shown.peakMemory())).toBeLessThan(most * 1.2);
    shown.close();
    expect([shown.cpu(), shown.peakMemory()]).toEqual([null, null]);
  });

  it("that is not there tells nothing", () => {
    const shown = new ProcessGauge(0);
    expect([shown.cpu(), shown.peakMemory()]).toEqual([null, null]);
    shown.close();
  });
});
