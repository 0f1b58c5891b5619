import { randomBytes } from "node:crypto";
import { constants, Script } from "node:vm";
import { readProgram } from "../../base/programs.ts";
import type { Answered, CallAnswer } from "../../protocol/calls.ts";
import type { InProcessHost, InProcessWorker } from "../../protocol/in-process.ts";
import type { WorkerMessage } from "../../protocol/messages.ts";
import type {
  Ending,
  Launcher,
  Profile,
  RunEvents,
  Sandbox,
  SandboxJob,
} from "../contract/contract.ts";
import { Realm } from "./realm.ts";
import { RUNNER_URL } from "./runner-url.ts";
import { takeMessage } from "./take-message.ts";

/**
 * Runs code in this very process. There is no isolation, so it is for the host's own code alone.
 */
export class InProcessLauncher implements Launcher {
  readonly level = "none";
  readonly #runner: Script;

  private constructor(runner: Script) {
    this.#runner = runner;
  }

  static async create(): Promise<InProcessLauncher> {
    const runner = new Script(await readProgram("realm/runner"), {
      filename: RUNNER_URL,
      // For the modules of tools, whose functions this script creates.
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    return new InProcessLauncher(runner);
  }

  async launch(profile: Profile): Promise<Sandbox> {
    return new InlineSandbox(profile, this.#runner);
  }
}

/** A sandbox at level `none`: a realm with the runner in it. */
class InlineSandbox implements Sandbox {
  readonly id = randomBytes(6).toString("hex");
  readonly profile: Profile;
  readonly closed: Promise<void>;
  readonly #realm: Realm;
  readonly #worker: InProcessWorker;
  #spoiled = false;
  #close: () => void = () => {};
  #onMessage: (message: WorkerMessage) => void = () => {};

  constructor(profile: Profile, runner: Script) {
    this.profile = profile;
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
    this.#realm = new Realm(runner, (thrown) => this.#worker.fail(thrown));
    const inside = this.#realm.runner as { open(host: InProcessHost): InProcessWorker };
    this.#worker = inside.open({
      send: (message) => this.#onMessage(message),
      load: (source, call) => this.#realm.load(source, call),
      again: (module, call) => this.#realm.again(module, call),
      database: () => this.#realm.database(),
      work: this.#realm.work,
      announce: (event) => this.#realm.announce(event),
    });
  }

  run(job: SandboxJob, events: RunEvents, timeLeft: number): Promise<Ending> {
    return new Promise((resolve) => {
      if (this.#spoiled || this.#realm.interrupted) return resolve({ type: "declined" });
      this.#onMessage = (message) => {
        if (this.#realm.interrupted) return;
        const ending = takeMessage(message, job, events);
        if (ending === undefined) return;
        this.#onMessage = (later) => this.#hearIdle(later);
        resolve(ending);
      };
      this.#realm.deadline = performance.now() + timeLeft;
      const attachments = job.attachments?.map((bytes) => new Uint8Array(bytes));
      this.#worker.start({ ...job, type: "job", ...(attachments && { attachments }) });
    });
  }

  /** Handles messages between two runs. Only `spoiled` matters: there can be no further run. */
  #hearIdle({ type }: WorkerMessage): void {
    if (type !== "spoiled") return;
    this.#spoiled = true;
    this.#close();
  }

  sendChannel(topic: string, text: string): boolean {
    this.#worker.receive({ type: "channel", topic, text });
    return true;
  }

  sendAnswer(answer: CallAnswer): Answered {
    this.#worker.receive({ type: "answer", ...answer });
    return "sent";
  }

  sendCredit(bytes: number): void {
    this.#worker.receive({ type: "credit", bytes });
  }

  finish(): void {
    this.#worker.receive({ type: "finish" });
  }

  async ping(): Promise<void> {}

  async diagnose(): Promise<never> {
    throw new Error("A realm does not end by itself");
  }

  /** Ends the realm's timers and drops all later messages of its code. */
  async destroy(): Promise<void> {
    this.#onMessage = () => {};
    this.#worker.close();
    this.#realm.end();
    this.#close();
  }
}
