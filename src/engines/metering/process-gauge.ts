import type { Gauge } from "./meter.ts";
import { ProcFile } from "./proc-file.ts";

/** Milliseconds of one clock tick, in which Linux reports processor time at any timer rate. */
const TICK = 10;
/** Positions of `utime` and `stime` behind the process's name, which may contain any character. */
const UTIME = 11;
const STIME = 12;
const KILOBYTE = 1_024;

/** Reads the resources of a process and all its threads, including ended ones. */
export class ProcessGauge implements Gauge {
  readonly #stat: ProcFile;
  readonly #status: ProcFile;

  constructor(pid: number) {
    this.#stat = new ProcFile(`/proc/${pid}/stat`);
    this.#status = new ProcFile(`/proc/${pid}/status`);
  }

  cpu(): number | null {
    const text = this.#stat.read();
    if (text === undefined) return null;
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[UTIME]) + Number(fields[STIME])) * TICK;
  }

  peakMemory(): number | null {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(this.#status.read() ?? "")?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * KILOBYTE;
  }

  close(): void {
    this.#stat.close();
    this.#status.close();
  }
}
