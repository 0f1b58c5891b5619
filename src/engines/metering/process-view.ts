import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { statFields } from "../../base/process-stat.ts";

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

/**
 * Descriptors of an event loop, as their links show them: two of the first and one of the second while it
 * runs. Once it has ended, one of each stays for a while.
 */
const POLL = "anon_inode:[eventpoll]";
const WAKER = "anon_inode:[eventfd]";
/** Event loops of a process beside those of its workers. */
const OWN_LOOPS = 1;
/** Position of a thread's priority behind its name, which may contain any character. */
const NICE = 16;

/** State of a process that outlives the workers in it. */
export interface ProcessState {
  /** Working directory, umask, signal handlers, priorities of threads. */
  readonly settings: string;
  /** Number of open descriptors. */
  readonly descriptors: number;
  /** Bytes of its own memory. */
  readonly memory: number;
}

/** Reads from the kernel what is in a sandbox's process. No code of the sandbox can change that. */
export class ProcessView {
  readonly #path: string;

  constructor(pid: number) {
    this.#path = `/proc/${pid}`;
  }

  /**
   * Tells whether there is a worker; `undefined` if the process cannot be seen. Code may rename its
   * thread, so a worker is also known by its event loop, which code can neither close nor hide.
   */
  hasWorkers(): boolean | undefined {
    const tasks = listed(`${this.#path}/task`);
    if (tasks === undefined) return undefined;
    // From the last on: threads of workers are the youngest, and most looks find one.
    for (const task of tasks.reverse()) {
      const name = text(`${this.#path}/task/${task}/comm`) ?? "";
      if (WORKER_THREAD.test(name.trim())) return true;
    }
    const links = this.#links();
    if (links === undefined) return undefined;
    const count = (kind: string): number => links.filter((link) => link === kind).length;
    return count(POLL) - count(WAKER) > OWN_LOOPS;
  }

  /** Reads the state; `undefined` where this process may not see all of it. */
  state(): ProcessState | undefined {
    const status = text(`${this.#path}/status`) ?? "";
    const caught = BigInt(`0x${CAUGHT.exec(status)?.[1] ?? 0}`) & ~OF_THE_RUNTIME;
    const kilobytes = MEMORY.exec(status)?.[1];
    const directory = target(`${this.#path}/cwd`);
    const descriptors = this.#links()?.length;
    if (kilobytes === undefined || directory === undefined || descriptors === undefined) {
      return undefined;
    }
    const kept = status.match(STATUS) ?? [];
    const settings = [...kept, caught, directory, ...this.#priorities()].join();
    return { settings, descriptors, memory: Number(kilobytes) * KILOBYTE };
  }

  /** Lists the targets of all descriptors. */
  #links(): (string | undefined)[] | undefined {
    const path = `${this.#path}/fd`;
    return listed(path)?.map((descriptor) => target(`${path}/${descriptor}`));
  }

  /** Lists the priorities that threads have. A new thread gets that of the one that starts it. */
  #priorities(): Set<string> {
    const found = new Set<string>();
    for (const task of listed(`${this.#path}/task`) ?? []) {
      const stat = text(`${this.#path}/task/${task}/stat`) ?? "";
      const nice = statFields(stat)[NICE];
      if (nice !== undefined) found.add(nice);
    }
    return found;
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
