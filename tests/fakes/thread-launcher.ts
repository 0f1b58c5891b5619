import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build, transform } from "esbuild";
import { deadline } from "../../src/base/deadline.ts";
import type { Ending, Launcher, Profile, Sandbox } from "../../src/engines/contract/contract.ts";
import { exitFault } from "../../src/engines/contract/exit.ts";
import { takeMessage } from "../../src/engines/in-process/take-message.ts";
import type { AnswerMessage } from "../../src/protocol/calls.ts";
import type { CreditMessage } from "../../src/protocol/http.ts";
import type { ChannelMessage, FinishMessage, WorkerMessage } from "../../src/protocol/messages.ts";
import type { ThreadJob } from "./thread.ts";

const SOURCE = fileURLToPath(new URL("./thread.ts", import.meta.url));
let launched = 0;

/** A launcher whose sandboxes are threads of this process: fast, and without isolation. */
export class ThreadLauncher implements Launcher {
  readonly level = "isolated";
  readonly #script: string;

  private constructor(script: string) {
    this.#script = script;
  }

  /** Bundles the thread's code into `directory`: a thread starts without a TypeScript loader. */
  static async create(directory: string): Promise<ThreadLauncher> {
    const outfile = join(directory, "thread.mjs");
    await build({
      entryPoints: [SOURCE],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
    });
    return new ThreadLauncher(outfile);
  }

  async launch(profile: Profile): Promise<Sandbox> {
    const thread = new Worker(this.#script, {
      resourceLimits: { maxOldGenerationSizeMb: profile.memory },
      stdout: true,
      stderr: true,
      execArgv: [],
    });
    let outOfMemory = false;
    thread.on("error", (error: NodeJS.ErrnoException) => {
      outOfMemory = error.code === "ERR_WORKER_OUT_OF_MEMORY";
    });
    const closed = new Promise<void>((resolve) => {
      thread.once("exit", () => resolve());
      thread.on("message", ({ type }: WorkerMessage) => {
        if (type === "spoiled") resolve();
      });
    });
    await deadline(
      new Promise((resolve) => thread.once("message", resolve)),
      5_000,
      "Thread start",
    );
    launched += 1;
    return {
      id: `thread-${launched}`,
      profile,
      closed,
      run: (job, events) =>
        new Promise<Ending>((resolve) => {
          void closed.then(() => resolve({ type: "closed" }));
          const hear = (message: WorkerMessage): void => {
            const ending = takeMessage(message, job, events);
            if (ending === undefined) return;
            thread.off("message", hear);
            resolve(ending);
          };
          thread.on("message", hear);
          const attachments = job.attachments?.map((bytes) => new Uint8Array(bytes));
          const sent = { ...job, type: "job" as const, ...(attachments && { attachments }) };
          void scriptOf(job.code).then((script) => {
            thread.postMessage({ ...sent, script } satisfies ThreadJob);
          });
        }),
      sendChannel: (topic, text) => {
        thread.postMessage({ type: "channel", topic, text } satisfies ChannelMessage);
        return true;
      },
      sendAnswer: (answer) => {
        thread.postMessage({ type: "answer", ...answer } satisfies AnswerMessage);
        return "sent";
      },
      sendCredit: (bytes) => {
        thread.postMessage({ type: "credit", bytes } satisfies CreditMessage);
      },
      finish: () => {
        thread.postMessage({ type: "finish" } satisfies FinishMessage);
      },
      ping: async () => {},
      diagnose: async () => exitFault({ code: 1, outOfMemory }, profile.memory),
      destroy: async () => {
        await thread.terminate();
      },
    };
  }
}

/** Compiles for all threads. In a thread, esbuild would start another thread and a process. */
function scriptOf(code: string): Promise<ThreadJob["script"]> {
  return transform(code, { loader: "ts" }).then(
    ({ code: text }) => ({ text }),
    (error: Error) => ({ mistake: error.message }),
  );
}
