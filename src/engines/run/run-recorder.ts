import type { Freshness } from "../../base/usage.ts";
import type { WantedArtifacts } from "../../protocol/exchanged-files.ts";
import { partsOf } from "../../protocol/fault.ts";
import type { JobAnswer } from "../../protocol/messages.ts";
import type { Denial, LogEntry, SandboxLevel } from "../../request/types.ts";
import type {
  Ending,
  ExecuteOptions,
  JobUsage,
  Outcome,
  RunEvents,
  Sandbox,
} from "../contract/contract.ts";
import type { HttpDelivery } from "../contract/http-delivery.ts";
import { type Collected, withPermission } from "../explain/outcome.ts";
import { TakenArtifacts } from "./taken-artifacts.ts";

const NOTHING_TAKEN = { cpu: null, peakMemory: null };
/** Milliseconds that workers may take to end, so that what they leave is at rest. They take some of the run's own. */
const WORKERS_END_WITHIN = 5_000;
/** Milliseconds of processor time with which a run still counts as one that waits: less than a tick of the kernel's. */
const WAITING_COST = 5;

/** Records one run from outside its sandbox: logs, messages, denials, resource use. */
export class RunRecorder {
  readonly events: RunEvents;
  readonly #sandbox: Sandbox;
  readonly #level: SandboxLevel;
  readonly #observer: ExecuteOptions["observer"];
  readonly #grantable: ExecuteOptions["grantable"];
  readonly #queued: number;
  readonly #fresh: Freshness;
  readonly #delivery: HttpDelivery | undefined;
  readonly #channel: ExecuteOptions["channel"];
  readonly #logs: LogEntry[] = [];
  readonly #artifacts: TakenArtifacts | undefined;
  readonly #timeout: number;
  #stopped = false;
  /** Keys of the denials that the observer has received. */
  readonly #told = new Set<string>();
  readonly #started = performance.now();
  #logsDropped = 0;
  #lingering = false;
  #timeIsUp = false;
  /** Processor time of the sandbox when the run was asked for its ending; `undefined` if it was not, `null` if unknown. */
  #cpuWhenAsked: number | null | undefined;
  #logBytes = 0;
  #denied: readonly Denial[] = [];
  #egressBytes = 0;
  #closed = false;

  /**
   * Starts the measurement. The job has waited `queued` milliseconds for its sandbox, of which `fresh`
   * is new.
   */
  constructor(
    sandbox: Sandbox,
    level: SandboxLevel,
    {
      channel,
      calls,
      observer,
      grantable,
      timeout,
    }: Pick<ExecuteOptions, "channel" | "calls" | "observer" | "grantable" | "timeout">,
    { queued, fresh }: { readonly queued: number; readonly fresh: Freshness },
    delivery?: HttpDelivery,
    wanted?: WantedArtifacts,
  ) {
    this.#artifacts = wanted && new TakenArtifacts(wanted);
    this.#timeout = timeout;
    this.#queued = Math.round(queued);
    this.#fresh = fresh;
    this.#sandbox = sandbox;
    this.#level = level;
    this.#observer = observer;
    this.#grantable = grantable;
    this.#delivery = delivery;
    this.#channel = channel;
    sandbox.meter?.begin(fresh === "worker");
    // The sandbox may run another job by the time a late message comes.
    channel?.connect((topic, text) => !this.#closed && sandbox.sendChannel(topic, text));
    calls?.connect((answer) =>
      this.#closed ? "unknown" : (sandbox.sendAnswer?.(answer) ?? "unknown"),
    );
    this.events = {
      onLog: (entry) => this.#onLog(entry),
      onRefused: observer && ((denial) => this.#tell(denial)),
      onEgress: ({ denied, bytes }) => {
        this.#denied = denied;
        this.#egressBytes = bytes;
      },
      onChannel:
        channel &&
        ((request) => {
          channel.receive(request);
          if (request.op === "emit") observer?.onChannel?.(request.topic, request.text);
        }),
      onCall: calls && ((call) => calls.receive(call)),
      onArtifact: this.#artifacts && ((claim, bytes) => this.#artifacts?.take(claim, bytes)),
      onStopped: this.#artifacts && (() => void this.#settle()),
      onLingering: () => {
        // Heard once, because a sandbox may say it without end.
        if (this.#lingering) return;
        this.#lingering = true;
        if (this.#timeIsUp) this.#askForEnding();
      },
      delivery,
    };
  }

  /** Asks the run for its ending if it lingers, or as soon as it does. */
  endLingering(): void {
    this.#timeIsUp = true;
    if (this.#lingering) this.#askForEnding();
  }

  /**
   * Tells whether the run lingers and has computed nothing since it was asked for its ending. Then it is the machine that
   * has had no time for the answer, and not code that blocks.
   */
  isWaiting(): boolean {
    const asked = this.#cpuWhenAsked ?? null;
    const now = this.#sandbox.meter?.read() ?? null;
    return asked !== null && now !== null && now - asked <= WAITING_COST;
  }

  /**
   * Returns everything recorded so far. `ending` is the sandbox's final message, if there is one.
   */
  collected(ending?: Ending): Collected & { readonly usage: JobUsage } {
    const { cpu, peakMemory } = this.#sandbox.meter?.take() ?? NOTHING_TAKEN;
    const left = this.#delivery?.bytes ?? this.#artifacts?.bytes ?? 0;
    const bytesOut = this.#logBytes + bytesOf(ending) + left;
    return {
      // Copied, because a sandbox may go on logging while it is killed.
      logs: [...this.#logs],
      logsDropped: this.#logsDropped,
      denied: this.#denied,
      // Without an answer of the sandbox, nothing tells whether these are all.
      ...(ending && this.#artifacts && { artifacts: this.#artifacts.taken() }),
      duration: Math.round(performance.now() - this.#started),
      usage: {
        queued: this.#queued,
        cpu,
        peakMemory,
        bytesOut,
        egressBytes: this.#egressBytes,
        channelDropped: this.#channel?.dropped ?? 0,
        fresh: this.#fresh,
      },
    };
  }

  /**
   * Reports to the observer the denials and the exception that only the outcome contains. Returns
   * the outcome.
   */
  tellAll(outcome: Outcome): Outcome {
    for (const denial of outcome.denied ?? []) this.#tell(denial);
    const last = outcome.logs.at(-1);
    if (outcome.fault !== undefined && last) this.#observer?.onLog?.(last);
    return outcome;
  }

  /** Ends the measurement. */
  close(): void {
    this.#closed = true;
    this.#sandbox.meter?.end();
  }

  /** Has the artifacts taken once the workers have ended. Heard once, like what follows from it. */
  async #settle(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    const left = this.#started + this.#timeout - performance.now();
    const within = Math.min(WORKERS_END_WITHIN, left / 2);
    this.#artifacts?.settle((await this.#sandbox.takeArtifacts?.(within)) === true);
  }

  #askForEnding(): void {
    this.#cpuWhenAsked = this.#sandbox.meter?.read() ?? null;
    this.#sandbox.finish();
  }

  #onLog(entry: LogEntry | { dropped: number }): void {
    if ("dropped" in entry) {
      this.#logsDropped = entry.dropped;
      return;
    }
    this.#logs.push(entry);
    this.#logBytes += Buffer.byteLength(entry.message);
    this.#observer?.onLog?.(entry);
  }

  /** Reports each denial once, however often the code tries. */
  #tell(denial: Denial): void {
    const key = JSON.stringify([denial.kind, denial.value, denial.code]);
    if (this.#observer === undefined || this.#told.has(key)) return;
    this.#told.add(key);
    this.#observer.onDenied?.(withPermission(denial, this.#level, this.#grantable));
  }
}

/** Returns the bytes of a result or an exception. */
function bytesOf(ending: Ending | undefined): number {
  if (ending === undefined || !isAnswer(ending)) return 0;
  if (ending.type === "result") {
    return Buffer.byteLength(ending.text ?? "") + (ending.binary?.length ?? 0);
  }
  const { fault } = ending;
  const parts = partsOf(fault);
  const text = fault.message + (fault.stack ?? "") + (parts ? JSON.stringify(parts) : "");
  return Buffer.byteLength(text);
}

function isAnswer(ending: Ending): ending is JobAnswer {
  return ending.type === "result" || ending.type === "error";
}
