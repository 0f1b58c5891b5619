// Counts primes in worker threads that are made of text.
const SOURCE = `
const isPrime = (n) => { for (let d = 2; d * d <= n; d++) if (n % d === 0) return false; return n > 1; };
self.onmessage = ({ data: { id, from, to } }) => {
  let count = 0;
  for (let n = from; n < to; n++) if (isPrime(n)) count++;
  self.postMessage({ id, count });
};`;

class Pool {
  #idle = [];
  #waiting = [];
  #results = new Map();
  constructor(size) {
    const url = URL.createObjectURL(new Blob([SOURCE], { type: "text/javascript" }));
    this.workers = Array.from({ length: size }, () => new Worker(url, { type: "module" }));
    for (const worker of this.workers) {
      worker.onmessage = ({ data: { id, count } }) => {
        this.#results.get(id)(count);
        this.#idle.push(worker);
        this.#next();
      };
      this.#idle.push(worker);
    }
  }
  run(task) {
    return new Promise((resolve) => {
      this.#results.set(task.id, resolve);
      this.#waiting.push(task);
      this.#next();
    });
  }
  #next() {
    while (this.#idle.length > 0 && this.#waiting.length > 0) this.#idle.pop().postMessage(this.#waiting.shift());
  }
  [Symbol.dispose]() {
    for (const worker of this.workers) worker.terminate();
  }
}

export default async () => {
  using pool = new Pool(2);
  const tasks = Array.from({ length: 6 }, (_, id) => ({ id, from: id * 1000, to: (id + 1) * 1000 }));
  const counts = await Promise.all(tasks.map((task) => pool.run(task)));
  console.log(counts.join(" + "), "=", counts.reduce((a, b) => a + b));
  return counts;
};
