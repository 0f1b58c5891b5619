import { Worker } from "node:worker_threads";

/**
 * Asks every 20 ms. Keeps the longest time that the server itself, and no other process, took for
 * its answer.
 */
const POLLER = `
const { parentPort, workerData: { url, pid } } = require("node:worker_threads");
const { readFileSync } = require("node:fs");
const { get, Agent } = require("node:http");
const agent = new Agent({ keepAlive: true });
// Milliseconds for which a thread was ready to run while others ran.
const waited = (path) => {
  try { return Number(readFileSync(path, "utf8").split(" ")[1]) / 1e6; } catch { return 0; }
};
const both = () => waited("/proc/" + pid + "/task/" + pid + "/schedstat") + waited("/proc/thread-self/schedstat");
const ask = () => new Promise((resolve, reject) => get(url, { agent }, (response) => {
  response.resume();
  response.once("end", () => response.statusCode === 200 ? resolve() : reject(new Error("Not healthy")));
}).once("error", reject));
let worst = 0;
let polls = 0;
let asked = false;
parentPort.on("message", () => { asked = true; });
(async () => {
  for (;;) {
    const [began, before] = [performance.now(), both()];
    await ask();
    worst = Math.max(worst, performance.now() - began - (both() - before));
    polls += 1;
    // Reported only now, because the work in question may still delay this poll.
    if (asked) {
      parentPort.postMessage({ worst, polls });
      worst = 0;
      polls = 0;
      asked = false;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
})();`;

/**
 * Measures how long a server process delays `/healthz`. Time that other processes took from the
 * machine's cores is not counted.
 */
export class LoopWatch {
  readonly #worker: Worker;

  constructor(server: { readonly url: string; readonly pid: number }) {
    const workerData = { url: `${server.url}/healthz`, pid: server.pid };
    this.#worker = new Worker(POLLER, { eval: true, execArgv: [], workerData });
  }

  /**
   * Returns the milliseconds of the slowest answer since the last call, and the number of answers.
   */
  take(): Promise<{ worst: number; polls: number }> {
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => reject(error);
      this.#worker.once("error", failed);
      this.#worker.once("message", (told) => {
        this.#worker.off("error", failed);
        resolve(told);
      });
      this.#worker.postMessage("take");
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
