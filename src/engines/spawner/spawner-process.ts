import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { deadline } from "../../base/deadline.ts";
import { ownDescriptors } from "../../base/inherited-descriptors.ts";
import { builtPath } from "../../base/package-root.ts";
import { type Command, lines, type Order, type Report } from "./orders.ts";
import { killSame } from "./same-process.ts";

/** Flags for a process with little memory and few threads. */
const SMALL = ["--v8-pool-size=1", "--max-semi-space-size=1", "--max-old-space-size=64"];

/** A process that a spawner has started. */
export interface SpawnedProcess {
  readonly pid: number;
  /** End of the process; `undefined` if it was lost, because the spawner itself has ended. */
  readonly ended: Promise<Ended | undefined>;
  signal(signal: NodeJS.Signals): void;
  /** Stops reading the process's errors, because it runs hostile code from now on. */
  hush(): void;
}

export interface Ended {
  /** Exit code, 128 + signal for a signal, and −1 if the process never started. */
  readonly code: number;
  /** First words of its errors. */
  readonly said: string;
}

interface Entry {
  /** Ends the process by its id, without the spawner. */
  kill: () => void;
  readonly onStarted: (pid: number) => void;
  readonly onEnded: (ended: Ended | undefined) => void;
}

/** One process of the spawner program, from its start to its end. */
export class SpawnerProcess {
  readonly #child: ChildProcess;
  readonly #entries = new Map<number, Entry>();
  readonly #patience: () => number;
  /** Questions whether the spawner works, by what answers them. */
  #asking: (() => void)[] = [];
  /** Number of the last process that was ordered. */
  #last = 0;
  #ended = false;

  /** Starts it. It has `patience()` ms to kill a process, and as long to say that it works. */
  constructor(patience: () => number) {
    this.#patience = patience;
    const stdio = ownDescriptors(["pipe", "pipe", "ignore"] as const) as StdioOptions;
    const { LD_LIBRARY_PATH } = process.env;
    const args = [...SMALL, builtPath("programs", "spawner", "main.js")];
    this.#child = spawn(process.execPath, args, {
      cwd: "/",
      env: LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH },
      stdio,
      // Out of reach of a terminal's signals.
      detached: true,
    });
    this.#child.once("error", () => this.#lose());
    this.#child.once("exit", () => this.#lose());
    this.#child.stdin?.on("error", () => this.end());
    this.#child.stdout?.on("error", () => this.end());
    this.#child.stdout?.setEncoding("utf8").on(
      "data",
      lines<Report>((report) => this.#take(report)),
    );
    this.#hold();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves when the process runs. Rejects if it cannot be started. */
  start(command: Command): Promise<SpawnedProcess> {
    this.#last += 1;
    const number = this.#last;
    return new Promise((resolve, reject) => {
      let onEnded = (_: Ended | undefined): void => {};
      const ended = new Promise<Ended | undefined>((end) => {
        onEnded = end;
      });
      void ended.then(() => reject(new Error(`${command.file} could not be started`)));
      const onStarted = (pid: number): void =>
        resolve({
          pid,
          ended,
          signal: (signal) => this.#signal(number, signal),
          hush: () => this.#send({ hush: number }),
        });
      this.#entries.set(number, { kill: () => {}, onStarted, onEnded });
      this.#hold();
      if (this.#ended) this.#lose();
      else this.#send({ start: number, command });
    });
  }

  /** Ends the spawner and its processes. */
  end(): void {
    this.#child.kill("SIGKILL");
    this.#lose();
  }

  #signal(number: number, signal: NodeJS.Signals): void {
    if (!this.#entries.has(number)) return;
    this.#send({ signal, to: number });
    if (signal !== "SIGKILL") return;
    setTimeout(() => void this.#insist(number), this.#patience()).unref();
  }

  /** Kills a process that goes on. Ends the spawner if it is the one that does nothing. */
  async #insist(number: number): Promise<void> {
    const entry = this.#entries.get(number);
    if (entry === undefined) return;
    entry.kill();
    const answer = new Promise<void>((resolve) => this.#asking.push(resolve));
    this.#send({ alive: true });
    await deadline(answer, this.#patience(), "An answer").catch(() => this.end());
  }

  #send(order: Order): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  #take(report: Report): void {
    if ("started" in report) {
      const { started, pid, start } = report;
      const entry = this.#entries.get(started);
      const kill = (): void => killSame(pid, start);
      // Without an entry, the spawner was killed after it had started the process.
      if (entry === undefined) return void kill();
      entry.kill = kill;
      entry.onStarted(pid);
      return;
    }
    if ("alive" in report) {
      for (const resolve of this.#asking.splice(0)) resolve();
      return;
    }
    const entry = this.#entries.get(report.ended);
    this.#entries.delete(report.ended);
    this.#hold();
    entry?.onEnded(report);
  }

  /** Kills what the ended spawner has left, and tells those who wait. */
  #lose(): void {
    this.#ended = true;
    const lost = [...this.#entries.values()];
    this.#entries.clear();
    this.#hold();
    for (const { kill, onEnded } of lost) {
      kill();
      onEnded(undefined);
    }
  }

  /** Keeps this process of Node from exiting while the spawner has processes. */
  #hold(): void {
    const { stdin, stdout } = this.#child as unknown as Record<
      "stdin" | "stdout",
      Referable | null
    >;
    for (const each of [this.#child, stdin, stdout]) {
      if (this.#entries.size > 0) each?.ref?.();
      else each?.unref?.();
    }
  }
}

interface Referable {
  ref?(): void;
  unref?(): void;
}
