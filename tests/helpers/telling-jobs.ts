import { Receiver } from "./receiver.ts";
import type { TestServer } from "./server.ts";

/** Code that tells a receiver of its start, and then each 50 ms until its time is over. */
const CODE = `export default async ({ host, token, for: time }) => {
  const run = Math.random().toString(36).slice(2);
  const end = Date.now() + time;
  do {
    await (await fetch("http://" + host + "/" + token + "/" + run)).text();
    await new Promise((go) => setTimeout(go, 50));
  } while (Date.now() < end);
  return token;
}`;

/** Jobs that tell of each of their runs while they run. */
export class TellingJobs {
  readonly #receiver: Receiver;

  private constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  static async start(): Promise<TellingJobs> {
    return new TellingJobs(await Receiver.start());
  }

  /** Sends a job that lasts some milliseconds, and tells its token. Returns its id, or `undefined` if no answer came. */
  async trySubmit(token: string, time: number, { url }: TestServer): Promise<string | undefined> {
    const body = JSON.stringify({
      code: CODE,
      sandbox: "isolated",
      permissions: { net: [this.#receiver.host] },
      timeout: 90_000,
      input: { host: this.#receiver.host, token, for: time },
    });
    const headers = { "content-type": "application/json", prefer: "respond-async" };
    const signal = AbortSignal.timeout(5_000);
    const request = { method: "POST", headers, body, signal };
    const answer = await fetch(`${url}/execute`, request).catch(() => undefined);
    return answer?.status === 202 ? ((await answer.json()) as { id: string }).id : undefined;
  }

  async submit(token: string, time: number, server: TestServer): Promise<string> {
    const id = await this.trySubmit(token, time, server);
    if (id === undefined) throw new Error(`Not accepted: ${server.log}`);
    return id;
  }

  /** Returns the runs of a job in the order of their starts, each with the times at which it told of itself. */
  runsOf(token: string): number[][] {
    const runs = new Map<string, number[]>();
    for (const { path, at } of this.#receiver.received) {
      const [, whose, run = ""] = path.split("/");
      if (whose === token) runs.set(run, [...(runs.get(run) ?? []), at]);
    }
    return [...runs.values()];
  }

  stop(): void {
    this.#receiver.stop();
  }
}

/** Returns the most milliseconds for which a run went on after the start of the next one; below zero if none did. */
export function overlapOf(runs: readonly (readonly number[])[]): number {
  const overlaps = runs.slice(1).map(([next = 0], n) => (runs[n]?.at(-1) ?? 0) - next);
  return Math.max(Number.NEGATIVE_INFINITY, ...overlaps);
}
