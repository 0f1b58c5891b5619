import type { Refusal, Subject } from "../src/destinations/refusal.ts";
import type {
  AdminEvent,
  DecisionEvent,
  DeniedItem,
  EndEvent,
  RunReport,
} from "../src/protocol/egress-admin.ts";
import { subjectText } from "../src/protocol/subject-text.ts";

/** A decision or the end of a tunnel, with its sequence number within the run, from 1. */
export type DecisionRecord = (DecisionEvent | EndEvent) & { readonly sequence: number };

/** Receives every decision on a run. It must not throw. */
export type OnDecision = (record: DecisionRecord) => void;

/** Sends an event to the control plane. Returns false if too many are unread. */
export type SendEvent = (event: AdminEvent) => boolean;

/** Most tunnels and denials of a run that are sent one by one. Further ones are counted. */
const MAX_REPORTED = 200;
/** Most distinct denials in a run's report. */
const MAX_DENIED = 100;

type Counted = { -readonly [K in keyof DeniedItem]: DeniedItem[K] };

/**
 * Records all decisions on one run. Passes each to the listeners, and sums them up for the report.
 */
export class DecisionLog {
  readonly #who: { readonly run: string; readonly tenant: string };
  readonly #audit: OnDecision;
  readonly #report: SendEvent;
  readonly #denied = new Map<string, Counted>();
  #deniedMore = 0;
  #unreported = 0;
  #decisions = 0;
  #sequence = 0;
  #tunnels = 0;
  #bytesOut = 0;
  #bytesIn = 0;

  constructor(who: { run: string; tenant: string }, audit: OnDecision, report: SendEvent) {
    this.#who = { run: who.run, tenant: who.tenant };
    this.#audit = audit;
    this.#report = report;
  }

  /** Owner and run for the lookup of names. */
  get asker(): { readonly owner: string; readonly run: string } {
    return { owner: this.#who.tenant, run: this.#who.run };
  }

  /** Records that a tunnel may be dialled. Returns the function that records its end. */
  allow(subject: Subject, address: string): (end: TunnelEnd) => void {
    const told = this.#decide({ ...subject, address, verdict: "allowed", code: "ALLOWED" });
    return ({ connected, ...end }) => {
      if (connected) this.#tunnels += 1;
      this.#bytesOut += end.bytesOut;
      this.#bytesIn += end.bytesIn;
      this.#tell({ event: "end", ...this.#who, ...subject, ...end }, told);
    };
  }

  /** Records that a request is refused. */
  deny(subject: Subject, refusal: Refusal): void {
    const { code, address = null } = refusal;
    this.#decide({ ...subject, address, verdict: "denied", code });
    const value = subjectText(subject.host, subject.port);
    const key = `${code} ${value}`;
    const counted = this.#denied.get(key);
    if (counted !== undefined) counted.count += 1;
    else if (this.#denied.size === MAX_DENIED) this.#deniedMore += 1;
    else this.#denied.set(key, { kind: "net", value, code, count: 1 });
  }

  summary(): RunReport {
    return {
      tunnels: this.#tunnels,
      bytesOut: this.#bytesOut,
      bytesIn: this.#bytesIn,
      denied: [...this.#denied.values()],
      deniedMore: this.#deniedMore,
      unreported: this.#unreported,
    };
  }

  #decide(decision: Omit<DecisionEvent, "event" | "run" | "tenant">): boolean {
    this.#decisions += 1;
    const told = this.#decisions <= MAX_REPORTED;
    this.#tell({ event: "decision", ...this.#who, ...decision }, told);
    return told;
  }

  #tell(event: DecisionEvent | EndEvent, report: boolean): void {
    this.#sequence += 1;
    this.#audit({ ...event, sequence: this.#sequence });
    if (!report || !this.#report(event)) this.#unreported += 1;
  }
}

/** End of a tunnel. `code` is `DONE`, or the reason why it was cut off. */
export type TunnelEnd = Pick<EndEvent, "address" | "code" | "bytesOut" | "bytesIn"> & {
  readonly connected: boolean;
};
