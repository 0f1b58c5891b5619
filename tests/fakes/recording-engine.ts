import type {
  Engine,
  EngineSession,
  EngineStatus,
  ExecuteOptions,
  IdleUsage,
  Job,
  Outcome,
  Spawn,
} from "../../src/engines/contract/contract.ts";
import type { SandboxLevel } from "../../src/request/types.ts";

type Answer = (job: Job, options: ExecuteOptions) => Partial<Outcome> | Promise<Partial<Outcome>>;

/** An engine that runs nothing. It records its jobs and answers as the test says. */
export class RecordingEngine implements Engine {
  readonly level: SandboxLevel;
  readonly jobs: { job: Job; options: ExecuteOptions }[] = [];
  readonly idleListeners: ((usage: IdleUsage) => void)[] = [];
  readonly spawnListeners: ((spawn: Spawn) => void)[] = [];
  readonly #answer: Answer;
  /** Tenants whose kept sandboxes were ended. */
  readonly ended: string[] = [];
  prewarmed = false;

  constructor(level: SandboxLevel, answer: Answer = () => ({})) {
    this.level = level;
    this.#answer = answer;
  }

  async execute(job: Job, options: ExecuteOptions): Promise<Outcome> {
    this.jobs.push({ job, options });
    const answer = await this.#answer(job, options);
    return { status: "ok", logs: [], logsDropped: 0, duration: 0, ...answer };
  }

  status(): EngineStatus {
    return { ready: true, warm: 0, starting: 0, leased: 0, kept: 0, waiting: 0 };
  }

  prewarm(): void {
    this.prewarmed = true;
  }

  async spawn({ profile }: Pick<ExecuteOptions, "profile">): Promise<Spawn> {
    return { id: "1", level: this.level, profile, kill: async () => {} };
  }

  async openSession(): Promise<EngineSession> {
    return { level: this.level, jobs: 0, ended: new Promise(() => {}), end: async () => {} };
  }

  onSpawn(listener: (spawn: Spawn) => void): void {
    this.spawnListeners.push(listener);
  }

  onIdleUsage(listener: (usage: IdleUsage) => void): void {
    this.idleListeners.push(listener);
  }

  endIdle(tenant: string): void {
    this.ended.push(tenant);
  }

  async close(): Promise<void> {}
}
