import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Name that the runtime gives to the thread of each worker, nested ones included. */
const WORKER_THREAD = /^worker-\d+$/;
/** Fields of a process that code could change for what runs after it. */
const STATUS = /^(Umask|SigIgn):.*$/gm;
const CAUGHT = /^SigCgt:\s+([0-9a-f]+)$/m;
/** Signals that the runtime itself begins to catch at some time: SIGHUP, SIGINT, SIGUSR1, SIGTERM. */
const OF_THE_RUNTIME = 0x4203n;

/** Memory of a process without the files that it has mapped. */
const MEMORY = /^RssAnon:\s+(\d+) kB$/m;
const KILOBYTE = 1_024;

/** State of a process that outlives the workers in it. */
export interface ProcessState {
  /** Working directory, umask, signal handlers. */
  readonly settings: string;
  /** Number of open descriptors; `undefined` where they cannot be listed. */
  readonly descriptors: number | undefined;
  /** Bytes of its own memory; `undefined` where unknown. */
  readonly memory: number | undefined;
}

/** Reads from the kernel what is in a sandbox's process. No code of the sandbox can change that. */
export class ProcessView {
  readonly #path: string;

  constructor(pid: number) {
    this.#path = `/proc/${pid}`;
  }

  /** Counts the threads of workers; `undefined` if the process cannot be seen. */
  workers(): number | undefined {
    const tasks = listed(`${this.#path}/task`);
    return tasks?.filter((task) => {
      const name = text(`${this.#path}/task/${task}/comm`) ?? "";
      return WORKER_THREAD.test(name.trim());
    }).length;
  }

  state(): ProcessState {
    const status = text(`${this.#path}/status`) ?? "";
    const caught = BigInt(`0x${CAUGHT.exec(status)?.[1] ?? 0}`) & ~OF_THE_RUNTIME;
    const settings = [...(status.match(STATUS) ?? []), caught, target(`${this.#path}/cwd`)].join();
    const kilobytes = MEMORY.exec(status)?.[1];
    const memory = kilobytes === undefined ? undefined : Number(kilobytes) * KILOBYTE;
    return { settings, descriptors: listed(`${this.#path}/fd`)?.length, memory };
  }
}

function listed(directory: string): string[] | undefined {
  try {
    return readdirSync(directory);
  } catch {
    return undefined;
  }
}

function text(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function target(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
