import { ShuttingDown } from "../../src/base/errors.ts";
import { HttpProblem } from "../errors/problem.ts";
import type { RunningLogs } from "../runs/running-logs.ts";
import type { Store } from "../store/contract/store.ts";
import { type FollowAsked, type FollowInput, LogFollower } from "./log-follower.ts";
import { OthersLogs } from "./others-logs.ts";

/** Most followers of one tenant, and of all. */
const MOST_OF_TENANT = 16;
const MOST = 256;

export interface LogFollowersOptions {
  readonly running: RunningLogs;
  readonly store: Pick<Store, "isShared" | "logs">;
}

/**
 * Streams log entries of functions as they are written: of executions on this server at once, of
 * other servers' when their executions have ended.
 */
export class LogFollowers {
  readonly #options: LogFollowersOptions;
  readonly #tenants = new Map<string, Set<LogFollower>>();
  #count = 0;
  #closed = false;

  constructor(options: LogFollowersOptions) {
    this.#options = options;
  }

  /** Begins a stream. Rejects with 429 if its tenant, or this server, has as many as may be. */
  async follow(asked: FollowAsked, input: FollowInput): Promise<Response> {
    if (this.#closed) throw new ShuttingDown();
    const { running, store } = this.#options;
    const { id } = input.caller.tenant;
    const followers = this.#tenants.get(id) ?? new Set();
    if (followers.size >= MOST_OF_TENANT || this.#count >= MOST) throw tooMany();
    const others = store.isShared
      ? new OthersLogs(store.logs, id, asked.function, running.server)
      : undefined;
    const follower: LogFollower = new LogFollower({
      asked,
      input,
      others,
      listen: (listener) => running.listen(id, asked.function, listener),
      onEnd: () => {
        this.#count -= 1;
        followers.delete(follower);
        if (followers.size === 0 && this.#tenants.get(id) === followers) this.#tenants.delete(id);
      },
    });
    this.#count += 1;
    this.#tenants.set(id, followers.add(follower));
    return follower.begin();
  }

  /** Ends all streams, and begins no more. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const followers of [...this.#tenants.values()]) {
      for (const follower of [...followers]) follower.end("shutdown");
    }
  }
}

function tooMany(): HttpProblem {
  const bounds = `${MOST_OF_TENANT} clients of a tenant, and ${MOST} of all`;
  const message = `Logs are followed by as many as may be: ${bounds}`;
  return new HttpProblem(429, "TooManyRequests", "FOLLOWERS_LIMIT", message, { retryAfter: 10 });
}
