import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseGate } from "../../src/database/gate.ts";
import { Reserve } from "../../src/database/reserve.ts";
import { parseDatabaseUrl } from "../../src/database/target.ts";
import type { Ending, RunEvents } from "../../src/engines/engine.ts";
import { ProcessLauncher } from "../../src/engines/process.ts";
import { bundleRunner, writeRunner } from "../../src/engines/runner.ts";
import { DATABASE_SOCKET, type DatabaseToolConfig } from "../../src/protocol/database.ts";
import type { WorkerPermissions } from "../../src/protocol/grants.ts";
import { DEFAULT_OUTPUT_LIMITS } from "../../src/protocol/limits.ts";
import { PROFILE } from "../contract/engine-contract.ts";

export const LIMITS = { rows: 1_000, bytes: 100_000 };

const NOTHING = {
  ...{ env: false, net: false, read: false, write: false, sys: false },
  ...{ run: false, ffi: false, import: false },
} as const;

export interface DatabaseRun {
  readonly schemas?: string | undefined;
  readonly input?: unknown;
  readonly limits?: { readonly rows: number; readonly bytes: number };
  /** What the gate enforces; by default more than what the tool does. */
  readonly gate?: { readonly rows: number; readonly bytes: number };
  readonly events?: Partial<RunEvents>;
}

/** Sandboxes that are processes, each with a gate to one database in front of it. */
export class DatabaseSandboxes {
  readonly #directory: string;
  readonly #launcher: ProcessLauncher;
  readonly #url: string;
  readonly #reserve = new Reserve();

  private constructor(directory: string, url: string) {
    this.#directory = directory;
    this.#url = url;
    const runnerDirectory = join(directory, "runner");
    this.#launcher = new ProcessLauncher({ instanceDirectory: directory, runnerDirectory });
  }

  static async create(url: string): Promise<DatabaseSandboxes> {
    const directory = await mkdtemp(join(tmpdir(), "isolate-db-"));
    await writeRunner(await bundleRunner(), join(directory, "runner"));
    return new DatabaseSandboxes(directory, url);
  }

  async run(
    code: string,
    { schemas, input, limits = LIMITS, ...rest }: DatabaseRun = {},
  ): Promise<Ending> {
    const sandbox = await this.#launcher.launch(PROFILE);
    const socket = join(this.#directory, sandbox.id, DATABASE_SOCKET);
    const gate = await DatabaseGate.open({
      socket,
      target: parseDatabaseUrl(this.#url),
      limits: rest.gate ?? { rows: 1_000_000, bytes: 100_000_000 },
      timeLeft: 20_000,
      reserve: this.#reserve,
      audit: () => {},
    });
    const config: DatabaseToolConfig = { ...limits, connection: { socket: "" } };
    const database = {
      name: "database",
      config,
      ...(schemas !== undefined && { module: schemas }),
    };
    const worker: WorkerPermissions = {
      ...NOTHING,
      read: [join(this.#directory, "runner/database"), socket],
      write: [socket],
      net: [`unix:${socket}`],
    };
    const job = {
      code,
      entry: "default",
      input: input === undefined ? undefined : JSON.stringify(input),
      tools: [database],
      limits: DEFAULT_OUTPUT_LIMITS,
      grants: { worker, env: {}, egress: null },
    };
    try {
      return await sandbox.run(job, { onLog: () => {}, ...rest.events }, 20_000);
    } finally {
      await sandbox.destroy();
      await gate.close();
    }
  }

  async close(): Promise<void> {
    await this.#reserve.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
