import type { Gauge } from "./meter.ts";
import { ProcFile } from "./proc-file.ts";

/** Milliseconds of what Linux counts processor time in, whatever its own clock's rate. */
const TICK = 10;
/** Where `utime` and `stime` are behind the process's name, which may hold anything. */
const UTIME = 11;
const STIME = 12;
const KILOBYTE = 1_024;

/** What the kernel says of a process and all of its threads, those that have ended included. */
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
