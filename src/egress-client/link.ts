import { setTimeout as sleep } from "node:timers/promises";
import { EgressUnavailable, messageOf } from "../base/errors.ts";
import type { SurvivorEvent } from "../protocol/egress-admin.ts";
import type { AdminClient } from "./admin-client.ts";
import type { Egress, EgressLease, EgressReport, EgressRun } from "./egress.ts";

const FIRST_RETRY = 200;
const LAST_RETRY = 10_000;

export interface EgressLinkOptions {
  /** Sees to a proxy, and resolves with a connection to it. Asked again when that has ended. */
  readonly connect: (signal: AbortSignal) => Promise<AdminClient>;
  /** One line about something an operator wants to know. */
  readonly log: (line: string) => void;
}

/**
 * The connection to a proxy, made anew whenever it has ended. In between, what needs the proxy is
 * refused, and nothing else is touched.
 */
export class EgressLink implements Egress {
  readonly #options: EgressLinkOptions;
  readonly #stop = new AbortController();
  #admin: AdminClient | undefined;
  #reason = "it is being started";
  #kept: Promise<void> | undefined;
  #survivors = 0;

  constructor(options: EgressLinkOptions) {
    this.#options = options;
  }

  /** Whether runs can be opened. */
  get up(): boolean {
    return this.#admin !== undefined;
  }

  /** Database sessions that outlive their execution, as the proxy has told last. */
  get survivors(): number {
    return this.#survivors;
  }

  /** Keeps a connection from now on. */
  keep(): void {
    this.#kept ??= this.#keep();
  }

  async open(run: EgressRun): Promise<EgressLease> {
    const admin = this.#admin;
    if (admin === undefined) throw this.#unavailable();
    const { onRefused, ...request } = run;
    // What is refused may be told before the answer is.
    admin.listen(run.run, onRefused);
    try {
      await admin.ask({ op: "open", ...request });
    } catch (cause) {
      this.#reason = messageOf(cause);
      // It may be open all the same, where just the answer was late.
      void closeRun(admin, run.run);
      throw this.#unavailable();
    }
    return { close: () => closeRun(admin, run.run) };
  }

  /** Ends the connection, so that another one is made. */
  reconnect(): void {
    this.#admin?.close();
  }

  /** Ends the connection for good, and with it every run that is open. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#admin?.close();
    await this.#kept;
  }

  async #keep(): Promise<void> {
    const { connect, log } = this.#options;
    const { signal } = this.#stop;
    let wait = FIRST_RETRY;
    let told = "";
    while (!signal.aborted) {
      try {
        this.#admin = await connect(signal);
        // A proxy tells a new connection of those there are.
        this.#survivors = 0;
        this.#admin.listenForSurvivors((event) => {
          this.#survivors = event.survivors;
          log(survivorLine(event));
        });
        if (signal.aborted) this.#admin.close();
        else log("The egress proxy is ready");
        wait = FIRST_RETRY;
        told = "";
        await this.#admin.closed;
        this.#reason = "its connection has ended, and is being made again";
      } catch (error) {
        this.#reason = messageOf(error);
      }
      this.#admin?.close();
      this.#admin = undefined;
      // What goes on for hours is said once.
      if (!signal.aborted && told !== this.#reason) log(this.#down());
      told = this.#reason;
      await sleep(signal.aborted ? 0 : wait, undefined, { signal }).catch(() => {});
      wait = Math.min(wait * 2, LAST_RETRY);
    }
  }

  #down(): string {
    return `The egress proxy is down: ${this.#reason}`;
  }

  #unavailable(): EgressUnavailable {
    return new EgressUnavailable(`The egress proxy is unavailable: ${this.#reason}`);
  }
}

/** One line about a database session that outlives its execution. */
export function survivorLine({
  host,
  port,
  user,
  pid,
  state,
  reason,
}: Omit<SurvivorEvent, "event" | "survivors">): string {
  const session = `The session ${pid} of ${user} on the database server ${host}:${port}`;
  return state === "ended"
    ? `${session}, which outlived its execution, has ended`
    : `${session} outlives its execution: ${reason}`;
}

/** With the proxy gone, the run's connections are gone as well. */
async function closeRun(admin: AdminClient, run: string): Promise<EgressReport> {
  try {
    const { report } = await admin.ask({ op: "close", run });
    const { denied = [], bytesOut = 0, bytesIn = 0 } = report ?? {};
    return {
      denied: denied.map(({ kind, value, code, count }) => ({
        kind,
        value,
        by: "egress",
        code,
        count,
      })),
      bytes: bytesOut + bytesIn,
    };
  } catch {
    // What was moved is its tenant's, report or not: ending the proxy is no way not to be charged.
    return { denied: [], bytes: admin.bytesOf(run) };
  } finally {
    admin.unlisten(run);
  }
}
