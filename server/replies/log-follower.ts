import type { LogEntry } from "../../src/request/types.ts";
import { HttpProblem } from "../errors/problem.ts";
import type { RouteInput } from "../http/route.ts";
import { levelOf } from "../runs/kept-logs.ts";
import type { LoggedExecution, LogListener } from "../runs/running-logs.ts";
import { EVENT_STREAM_HEADERS, EventStream } from "./event-stream.ts";
import { filtered, functionLogsText } from "./log-text.ts";
import type { OthersLogs } from "./others-logs.ts";

/** Milliseconds between two looks at what other servers have written. */
const LOOK_MS = 1_000;
/** Looks between two checks of the key, after which a revoked one is refused elsewhere, too. */
const LOOKS_OF_KEY = 5;

export interface FollowAsked {
  readonly function: string;
  readonly level?: LogEntry["level"] | undefined;
  readonly version?: number | undefined;
}

export type FollowInput = Pick<
  RouteInput<unknown, unknown, unknown, unknown, "tenant">,
  "caller" | "signal" | "identify" | "onWaiting"
>;

/** Reason for the end of a stream by this server. */
export type EndReason = "shutdown" | "unauthorized";

export interface LogFollowerOptions {
  readonly asked: FollowAsked;
  readonly input: FollowInput;
  /** Logs of other servers. Absent if there can be none. */
  readonly others: OthersLogs | undefined;
  /** Begins to tell the entries here. Returns a function that ends it. */
  readonly listen: (listener: LogListener) => () => void;
  /** Called once at the end, whatever ends it. */
  readonly onEnd: () => void;
}

/** One client that follows the logs of a function, from now on. */
export class LogFollower implements LogListener {
  readonly #options: LogFollowerOptions;
  readonly #stream: EventStream;
  readonly #least: number;
  #timer: NodeJS.Timeout | undefined;
  readonly #unlisten: () => void;
  #looks = 0;
  #looking = false;
  #ended = false;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
    const { asked, input, listen } = options;
    this.#least = asked.level === undefined ? -1 : levelOf({ level: asked.level });
    this.#stream = new EventStream(() => this.#stop());
    this.#unlisten = listen(this);
    input.signal.addEventListener("abort", this.#hangUp);
    input.onWaiting(() => this.#stream.waiting);
  }

  /** Resolves with the response once it tells whatever is written from then on. */
  async begin(): Promise<Response> {
    try {
      // Looks once, so that entries of other servers from before are left out.
      await this.#options.others?.look();
    } catch (error) {
      this.#hangUp();
      throw error;
    }
    if (this.#options.input.signal.aborted) this.#hangUp();
    if (!this.#ended) this.#timer = setInterval(() => void this.#tick(), LOOK_MS).unref();
    this.#stream.beat();
    return new Response(this.#stream.body, { headers: EVENT_STREAM_HEADERS });
  }

  onEntry(execution: LoggedExecution, entry: LogEntry, text: () => string): void {
    const { id, startedAt, function: called } = execution;
    const version = called?.version ?? null;
    if (!this.#wants(version) || levelOf(entry) < this.#least) return;
    this.#offer(() => functionLogsText({ id, version, startedAt }, `[${text()}]`));
  }

  onGone(): void {
    this.end("unauthorized");
  }

  end(reason: EndReason): void {
    this.#stream.end("end", JSON.stringify({ reason }));
    this.#stop();
  }

  readonly #hangUp = (): void => {
    this.#stream.discard();
    this.#stop();
  };

  #wants(version: number | null): boolean {
    const { asked } = this.#options;
    return asked.version === undefined || asked.version === version;
  }

  #offer(data: () => string): void {
    this.#stream.tellDropped();
    this.#stream.offer("logs", data);
  }

  async #tick(): Promise<void> {
    this.#stream.tellDropped();
    if (this.#looking) return;
    this.#looking = true;
    this.#looks += 1;
    try {
      await this.#look();
      if (this.#looks % LOOKS_OF_KEY === 0) await this.#options.input.identify();
    } catch (error) {
      // Another failure, such as a store that is away, passes.
      const isRefused = error instanceof HttpProblem && [401, 403].includes(error.status);
      if (isRefused) this.end("unauthorized");
    } finally {
      this.#looking = false;
    }
  }

  async #look(): Promise<void> {
    const { asked, others } = this.#options;
    for (const row of (await others?.look()) ?? []) {
      if (this.#ended) return;
      if (!this.#wants(row.version)) continue;
      const entries = filtered(row.entries, asked.level);
      if (entries !== "[]") this.#offer(() => functionLogsText(row, entries));
    }
  }

  #stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#timer);
    this.#unlisten();
    const { input, onEnd } = this.#options;
    input.signal.removeEventListener("abort", this.#hangUp);
    onEnd();
  }
}
