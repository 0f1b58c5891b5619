import { statFields } from "../../base/process-stat.ts";
import type { Gauge } from "./meter.ts";
import { hasWritten, ProcFile } from "./proc-file.ts";

/** Milliseconds of one clock tick, in which Linux reports processor time at any timer rate. */
const TICK = 10;
/** Positions of `utime` and `stime` behind the process's name, which may contain any character. */
const UTIME = 11;
const STIME = 12;
/** Text for `clear_refs` that makes the kernel forget the peak. */
const FORGET_PEAK = "5";
const KILOBYTE = 1_024;

/** Reads the resources of a process and all its threads, including ended ones. */
export class ProcessGauge implements Gauge {
  readonly #stat: ProcFile;
  readonly #status: ProcFile;
  readonly #pid: number;

  constructor(pid: number) {
    this.#pid = pid;
    this.#stat = new ProcFile(`/proc/${pid}/stat`);
    this.#status = new ProcFile(`/proc/${pid}/status`);
  }

  cpu(): number | null {
    const text = this.#stat.read();
    if (text === undefined) return null;
    const fields = statFields(text);
    return (Number(fields[UTIME]) + Number(fields[STIME])) * TICK;
  }

  peakMemory(): number | null {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(this.#status.read() ?? "")?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * KILOBYTE;
  }

  forgetPeak(): boolean {
    return hasWritten(`/proc/${this.#pid}/clear_refs`, FORGET_PEAK);
  }

  close(): void {
    this.#stat.close();
    this.#status.close();
  }
}
