// Runs tasks with priorities, dependencies, at most two at a time, with retries.
import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

class Scheduler extends EventEmitter {
  #tasks = new Map();
  #done = new Set();
  #running = 0;
  constructor(atOnce) {
    super();
    this.atOnce = atOnce;
  }
  add(name, { after = [], priority = 0, tries = 1 }, run) {
    this.#tasks.set(name, { name, after, priority, tries, run });
    return this;
  }
  start() {
    const ready = [...this.#tasks.values()]
      .filter(({ after }) => after.every((name) => this.#done.has(name)))
      .sort((a, b) => b.priority - a.priority);
    for (const task of ready) {
      if (this.#running >= this.atOnce) break;
      this.#tasks.delete(task.name);
      void this.#run(task);
    }
    if (this.#running === 0) this.emit("idle", [...this.#tasks.keys()]);
  }
  async #run(task) {
    this.#running++;
    for (let attempt = 1; ; attempt++) {
      try {
        const value = await task.run(attempt);
        this.#done.add(task.name);
        this.emit("done", task.name, value);
        break;
      } catch (error) {
        this.emit("failed", task.name, attempt, error);
        if (attempt >= task.tries) break;
        await sleep(1);
      }
    }
    this.#running--;
    this.start();
  }
}

export default async () => {
  const lines = [];
  const scheduler = new Scheduler(2);
  scheduler.on("done", (name, value) => lines.push(`${name}=${value}`));
  scheduler.on("failed", (name, attempt, { message }) => console.warn(`${name} failed (${attempt}): ${message}`));
  scheduler
    .add("fetch", { priority: 2, tries: 3 }, async (attempt) => {
      await sleep(2);
      if (attempt < 3) throw new Error(`try ${attempt}`);
      return "page";
    })
    .add("parse", { after: ["fetch"] }, () => "tree")
    .add("log", {}, () => new Promise((resolve) => setImmediate(resolve, "ok")))
    .add("broken", { after: ["parse"] }, () => Promise.reject(new TypeError("cannot")))
    .add("never", { after: ["broken"] }, () => "unreachable")
    .add("report", { after: ["parse", "log"] }, async () => {
      const { promise, resolve } = Promise.withResolvers();
      process.nextTick(resolve, "sent");
      return promise;
    });
  queueMicrotask(() => scheduler.start());
  const [left] = await once(scheduler, "idle");
  console.log("done:", lines.sort().join(", "));
  console.log("left: %s", left.join());
  return { lines, left };
};
