import { SessionBusy, SessionEnded } from "../../base/errors.ts";
import type { SessionEnd } from "../../base/session-end.ts";
import { MODULE_NAME, MODULE_URL } from "../../protocol/messages.ts";
import type { EngineSession, Outcome, Sandbox, SandboxJob } from "../contract/contract.ts";

/** Name of the fault by which code ends its process. */
const EXIT = "ExitError";

/** A sandbox that is leased for jobs of one caller, and destroyed at the end. */
export class LeasedSession implements EngineSession {
  readonly ended: Promise<SessionEnd>;
  readonly level: EngineSession["level"];
  readonly sandbox: Sandbox;
  readonly #discard: () => Promise<void>;
  #end: SessionEnd | undefined;
  #resolve: (reason: SessionEnd) => void = () => {};
  #gone: Promise<void> | undefined;
  #stop: (() => void) | undefined;
  #jobs = 0;
  #isClosed = false;

  /** `discard` gives the sandbox back to the pool, which ends it. */
  constructor(sandbox: Sandbox, level: EngineSession["level"], discard: () => Promise<void>) {
    this.sandbox = sandbox;
    this.level = level;
    this.#discard = discard;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    // While a job runs, its outcome tells the reason.
    void sandbox.closed.then(() => {
      this.#isClosed = true;
      if (this.#stop === undefined) void this.end("failed");
    });
  }

  get jobs(): number {
    return this.#jobs;
  }

  /**
   * Begins a job, which `stop` interrupts. Returns what is sent with it.
   *
   * @throws {SessionEnded} if it has ended.
   * @throws {SessionBusy} if a job runs in it.
   */
  begin(stop: () => void): Pick<SandboxJob, "reuse" | "session" | "moduleUrl"> {
    if (this.#end !== undefined) throw new SessionEnded(this.#end);
    if (this.#stop !== undefined) throw new SessionBusy();
    this.#stop = stop;
    this.#jobs += 1;
    // A worker loads each URL once.
    const moduleUrl = MODULE_URL.replace(MODULE_NAME, `main-${this.#jobs}.ts`);
    return { reuse: true, session: true, ...(this.#jobs > 1 && { moduleUrl }) };
  }

  /** Ends the job. Without a reason, the next one may follow. */
  finish(reason: SessionEnd | undefined): void {
    this.#stop = undefined;
    if (reason !== undefined) void this.end(reason);
    else if (this.#isClosed) void this.end("failed");
    else if (this.#end === undefined) this.sandbox.idle?.();
  }

  end(reason: SessionEnd): Promise<void> {
    if (this.#gone === undefined) {
      this.#end = reason;
      this.#resolve(reason);
      this.#stop?.();
      this.#gone = this.#discard();
    }
    return this.#gone;
  }
}

/** Returns the reason for which a session ends with a job after which its sandbox is not reusable. */
export function endOf(outcome: Outcome | undefined): SessionEnd {
  if (outcome?.status === "timeout" || outcome?.status === "crash") return outcome.status;
  return outcome?.fault?.name === EXIT ? "exit" : "failed";
}
