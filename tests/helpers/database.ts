import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDatabaseUrl } from "../../src/database/database-url.ts";
import { readRunner, writeRunner } from "../../src/deno/runner.ts";
import type { Ending, Job, Sandbox } from "../../src/engines/contract/contract.ts";
import { DenoProcessLauncher } from "../../src/engines/deno-process/launcher.ts";
import { InProcessLauncher } from "../../src/engines/in-process/launcher.ts";
import type { WorkerGrant } from "../../src/protocol/grants.ts";
import { job, PROFILE } from "../contract/engine-contract.ts";

interface Limits {
  readonly rows: number;
  readonly bytes: number;
}

const ENOUGH: Limits = { rows: 100_000, bytes: 100_000_000 };

export interface DatabaseRun {
  readonly schemas?: string | undefined;
  /** Limits in the tool. Default: beyond any test's needs. */
  readonly limits?: Limits;
  /** Limits outside of the sandbox. Default: the same. */
  readonly outside?: Limits;
}

const WORKER: WorkerGrant = {
  env: false,
  net: false,
  read: false,
  write: false,
  sys: false,
  run: false,
  ffi: false,
  import: false,
  database: true,
};

/** Makes a job with the tool. Without `url` it has no database. */
function databaseJob(url: string | undefined, code: string, connection: object, run: DatabaseRun) {
  const { schemas, limits = ENOUGH, outside = ENOUGH } = run;
  const use = { name: "database", config: { ...limits, connection } };
  const tool = schemas === undefined ? use : { ...use, module: schemas };
  const database = url === undefined ? url : { target: parseDatabaseUrl(url), limits: outside };
  const grants = { worker: WORKER, env: {}, egress: null, database };
  return { ...job(code, undefined, "default", [tool]), grants };
}

const inline = InProcessLauncher.create();

/** Runs a job in this process, as level `none` does. */
export async function runInProcess(url: string, code: string, run: DatabaseRun): Promise<Ending> {
  return finish(
    await (await inline).launch(PROFILE),
    databaseJob(url, code, { target: parseDatabaseUrl(url) }, run),
  );
}

async function finish(sandbox: Sandbox, job: Job): Promise<Ending> {
  try {
    return await sandbox.run(job, { onLog: () => {} }, 20_000);
  } finally {
    await sandbox.destroy();
  }
}

/** Runs jobs in processes of their own, as level `isolated` does. */
export class DatabaseSandboxes {
  readonly #directory: string;
  readonly #launcher: DenoProcessLauncher;

  private constructor(directory: string) {
    this.#directory = directory;
    const runnerDirectory = join(directory, "runner");
    this.#launcher = new DenoProcessLauncher({ instanceDirectory: directory, runnerDirectory });
  }

  static async create(): Promise<DatabaseSandboxes> {
    const directory = await mkdtemp(join(tmpdir(), "isolate-db-"));
    await writeRunner(await readRunner(), join(directory, "runner"));
    return new DatabaseSandboxes(directory);
  }

  /** Runs code with the tool. Without `url`, no database can be reached. */
  run(url: string | undefined, code: string, run: DatabaseRun = {}): Promise<Ending> {
    return this.runJob(databaseJob(url, code, { socket: "" }, run));
  }

  async runJob(job: Job): Promise<Ending> {
    return finish(await this.#launcher.launch(PROFILE), job);
  }

  async close(): Promise<void> {
    await this.#launcher.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
