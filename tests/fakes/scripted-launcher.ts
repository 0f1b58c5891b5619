import type { Ending, Launcher, Profile, Sandbox } from "../../src/engines/contract/contract.ts";
import type { WorkerGrant } from "../../src/protocol/grants.ts";

/** A sandbox controlled by a test. */
export class ScriptedSandbox implements Sandbox {
  readonly id: string;
  readonly profile: Profile;
  /** Permissions that it was prepared for. */
  readonly worker: WorkerGrant | undefined;
  /** True if it was started in a hurry. */
  readonly hurried: boolean;
  readonly closed: Promise<void>;
  destroyed = 0;
  answersPing = true;
  /** Ends the sandbox from inside. */
  close: () => void = () => {};

  constructor(id: string, profile: Profile, worker?: WorkerGrant, hurried = false) {
    this.id = id;
    this.profile = profile;
    this.worker = worker;
    this.hurried = hurried;
    this.closed = new Promise((resolve) => {
      this.close = resolve;
    });
  }

  async run(): Promise<Ending> {
    return { type: "result", text: "1", dropped: 0 };
  }

  sendChannel(): boolean {
    return false;
  }

  sendCredit(): void {}

  finish(): void {}

  async ping(): Promise<void> {
    if (!this.answersPing) throw new Error("No pong");
  }

  async diagnose(): Promise<{ name: string; message: string }> {
    return { name: "CrashError", message: "Scripted" };
  }

  async destroy(): Promise<void> {
    this.destroyed += 1;
    this.close();
  }
}

/** Launches scripted sandboxes, at once if `automatic`, otherwise when the test says so. */
export class ScriptedLauncher implements Launcher {
  readonly level = "isolated";
  readonly prepares = true;
  readonly sandboxes: ScriptedSandbox[] = [];
  /** Starts under way, oldest first. */
  readonly pending: { finish: () => void; fail: (error: Error) => void }[] = [];
  automatic = true;
  mostAtOnce = 0;
  #current = 0;

  async launch(profile: Profile, worker?: WorkerGrant, hurried?: boolean): Promise<Sandbox> {
    this.#current += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#current);
    try {
      if (!this.automatic) {
        await new Promise<void>((resolve, reject) => {
          this.pending.push({ finish: resolve, fail: reject });
        });
      }
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      this.#current -= 1;
    }
    const sandbox = new ScriptedSandbox(`s${this.sandboxes.length}`, profile, worker, hurried);
    this.sandboxes.push(sandbox);
    return sandbox;
  }

  get alive(): ScriptedSandbox[] {
    return this.sandboxes.filter(({ destroyed }) => destroyed === 0);
  }
}
