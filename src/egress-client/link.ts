import { setTimeout as sleep } from "node:timers/promises";
import { EgressUnavailable, messageOf } from "../base/errors.ts";
import type { SurvivorEvent } from "../protocol/egress-admin.ts";
import type { AdminClient } from "./admin-client.ts";
import type { Egress, EgressLease, EgressReport, EgressRun } from "./egress.ts";

const FIRST_RETRY = 200;
const LAST_RETRY = 10_000;

export interface EgressLinkOptions {
  /**
   * Starts or finds a proxy, and resolves with a connection to it. Called again when that has
   * ended.
   */
  readonly connect: (signal: AbortSignal) => Promise<AdminClient>;
  /** Receives lines for the operator, one at a time. */
  readonly log: (line: string) => void;
}

/**
 * Keeps a connection to a proxy, and makes a new one whenever it has ended. In between, executions
 * that need the proxy are refused, and no others.
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

  /** True if runs can be opened. */
  get up(): boolean {
    return this.#admin !== undefined;
  }

  /** Number of database sessions that outlive their execution, as the proxy last reported. */
  get survivors(): number {
    return this.#survivors;
  }

  /** Certificate by which sandboxes know the proxy, as it last said. */
  get authority(): string | undefined {
    return this.#admin?.authority;
  }

  /** Keeps a connection from now on. */
  keep(): void {
    this.#kept ??= this.#keep();
  }

  async open(run: EgressRun): Promise<EgressLease> {
    const admin = this.#admin;
    if (admin === undefined) throw this.#unavailable();
    // A proxy that knows no bindings would pass such requests on without their headers.
    if (run.egress?.policy.bindings !== undefined && admin.authority === undefined) {
      throw new EgressUnavailable("The egress proxy is of an earlier version: it has no bindings");
    }
    const { onRefused, ...request } = run;
    // A refusal may be reported before the answer arrives.
    admin.listen(run.run, onRefused);
    try {
      await admin.ask({ op: "open", ...request });
    } catch (cause) {
      this.#reason = messageOf(cause);
      // The run may be open although its answer was late.
      void closeRun(admin, run.run);
      throw this.#unavailable();
    }
    return { close: () => closeRun(admin, run.run) };
  }

  /** Ends the connection, so that another one is made. */
  reconnect(): void {
    this.#admin?.close();
  }

  /** Ends the connection for good, which also ends every open run. */
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
        // A proxy reports the existing sessions to a new connection.
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
      // Each reason is logged once, because an outage may last for hours.
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

/** Formats the log line about a database session that outlives its execution. */
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

/** Closes a run. If the proxy is gone, so are the run's connections. */
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
    // Charges the tenant for the bytes moved even without a report. So ending the proxy does not
    // avoid the charge.
    return { denied: [], bytes: admin.bytesOf(run) };
  } finally {
    admin.unlisten(run);
  }
}
