import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { untilAborted } from "../../../src/base/until-aborted.ts";
import type { StoreConnection } from "../hosts/connection.ts";
import { StoreClient } from "../hosts/store-client.ts";

/** Milliseconds between two checks of the connection, and milliseconds for the answer to one. */
const CHECK_EVERY = 1_500;
const CHECK_WITHIN = 2_000;
/** Milliseconds for a first notice to arrive, which another connection sends. */
const HEARD_WITHIN = 10_000;
/** Milliseconds before the first and before a late attempt to connect again, with jitter. */
const FIRST_PAUSE = 100;
const LAST_PAUSE = 5_000;

export interface ListenerOptions {
  readonly connection: StoreConnection;
  /** Sends an empty text to a channel, on another connection. */
  readonly probe: (channel: string) => Promise<unknown>;
  readonly onText: (channel: string, text: string) => void;
  /** Called when the connection has broken, and when it is back. */
  readonly onLoss: () => void;
}

/**
 * Listens to channels of NOTIFY on one connection of its own, and replaces it when it breaks. A connection
 * without an end, as behind a machine that is gone, is found by a check that has no answer.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #channels: Set<string>;
  /** Channel of the texts that this listener sends to itself. */
  readonly #own = `isolate-probe:${randomUUID()}`;
  readonly #closed = new AbortController();
  readonly #running: Promise<void>;
  #client: pg.Client | undefined;
  #connected = false;

  constructor(options: ListenerOptions, channels: readonly string[]) {
    this.#options = options;
    this.#channels = new Set([...channels, this.#own]);
    this.#running = this.#run();
  }

  /** True while the connection listens to all channels and answers. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Listens to one more channel. */
  listen(channel: string): void {
    this.#channels.add(channel);
    if (this.#connected) void this.#ask(`listen ${pg.escapeIdentifier(channel)}`);
  }

  /** Listens to one channel fewer. */
  unlisten(channel: string): void {
    this.#channels.delete(channel);
    if (this.#connected) void this.#ask(`unlisten ${pg.escapeIdentifier(channel)}`);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#running;
  }

  /** Sends a statement on the connection. It breaks with a failure, so that it is made anew. */
  async #ask(statement: string): Promise<void> {
    const client = this.#client;
    await client?.query(statement).catch((error: unknown) => client.emit("error", error));
  }

  /** Listens to all channels beside `known`, and to those that come meanwhile. */
  async #listenToAll(client: pg.Client, known: Set<string>): Promise<void> {
    for (;;) {
      const missing = [...this.#channels].filter((name) => !known.has(name));
      if (missing.length === 0) return;
      for (const name of missing) known.add(name);
      const statements = missing.map((name) => `listen ${pg.escapeIdentifier(name)}`);
      await client.query(statements.join("; "));
    }
  }

  /**
   * Resolves once a text of another connection has arrived. A pooler of transactions takes LISTEN,
   * and passes nothing on; so does another database.
   */
  async #hears(client: pg.Client): Promise<void> {
    const closed = new AbortController();
    const late = sleep(HEARD_WITHIN, undefined, { signal: closed.signal, ref: false }).then(() => {
      throw new Error("No notice arrives");
    });
    const heard = new Promise<void>((resolve) => {
      client.on("notification", ({ channel }) => channel === this.#own && resolve());
    });
    try {
      await Promise.race([this.#options.probe(this.#own).then(() => heard), late]);
    } finally {
      late.catch(() => {});
      closed.abort();
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#closed;
    let pause = FIRST_PAUSE;
    while (!signal.aborted) {
      const worked = await this.#session();
      pause = worked ? FIRST_PAUSE : Math.min(2 * pause, LAST_PAUSE);
      const jitter = pause * (0.5 + Math.random());
      await sleep(jitter, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** Uses one connection until it breaks. Returns whether it has ever listened. */
  async #session(): Promise<boolean> {
    const { connection, onText } = this.#options;
    const { signal } = this.#closed;
    const socket = new Socket();
    const client = new StoreClient({
      ...connection,
      stream: () => socket,
      query_timeout: CHECK_WITHIN,
    });
    this.#client = client;
    const broken = new AbortController();
    const close = (): void => broken.abort(signal.reason);
    client.on("error", (error) => broken.abort(error));
    client.once("end", () => broken.abort(new Error("The connection has ended")));
    signal.addEventListener("abort", close);
    const unlessBroken = <T>(work: Promise<T>): Promise<T> => untilAborted(work, broken.signal);
    client.on("notification", ({ channel, payload }) => onText(channel, payload ?? ""));
    let worked = false;
    try {
      await unlessBroken(client.connect());
      const known = new Set<string>();
      await unlessBroken(this.#listenToAll(client, known));
      await unlessBroken(this.#hears(client));
      await unlessBroken(this.#listenToAll(client, known));
      worked = true;
      this.#connected = true;
      this.#options.onLoss();
      for (;;) {
        await unlessBroken(sleep(CHECK_EVERY, undefined, { ref: false }));
        // An empty statement costs no plan, and no count among the statements.
        await unlessBroken(client.query(""));
      }
    } catch {
      return worked;
    } finally {
      this.#client = undefined;
      if (this.#connected) {
        this.#connected = false;
        this.#options.onLoss();
      }
      signal.removeEventListener("abort", close);
      await endOf(client, socket);
    }
  }
}

/** Ends a connection, whether or not there is still somebody at its other end. */
async function endOf(client: pg.Client, socket: Socket): Promise<void> {
  client.on("error", () => {});
  void client.end().catch(() => {});
  if (socket.destroyed) return;
  const closed = once(socket, "close");
  // The farewell is on its way to a server that is there.
  setTimeout(() => socket.destroy(), 50).unref();
  await closed.catch(() => {});
}
