import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import type pg from "pg";
import type { Notice, Notices, OnNotice } from "../contract/notices.ts";
import type { StoreConnection } from "../hosts/connection.ts";
import { Listener } from "./listener.ts";
import { CHANNEL, noticeText, readNotice } from "./notice-text.ts";
import { Outbox } from "./outbox.ts";

/**
 * Sends to the channel. The commit waits for no disk, because it holds a lock of all transactions
 * that notify. A hint may be lost with the machine.
 */
const SEND = `select pg_notify('${CHANNEL}', text)
  from (select set_config('synchronous_commit', 'off', true)) as quick, unnest($1::text[]) as text`;

const LOSS = "loss";

export interface PostgresNoticesOptions {
  /** Connection for LISTEN, which holds a session: not through a pooler of transactions. */
  readonly connection: StoreConnection;
  /** Sends statements. */
  readonly pool: Pick<pg.Pool, "query">;
}

/** Notices among servers that share a PostgreSQL database, by its LISTEN and NOTIFY. */
export class PostgresNotices implements Notices {
  /** Id by which notices of this server's own are told apart. They have been delivered here. */
  readonly #id = randomUUID();
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  readonly #texts = new EventEmitter().setMaxListeners(0);
  readonly #listener: Listener;
  readonly #outbox: Outbox;

  constructor({ connection, pool }: PostgresNoticesOptions) {
    this.#outbox = new Outbox(async (texts) => {
      await pool.query(SEND, [texts]);
    });
    const onText = (channel: string, text: string): void => {
      if (channel === CHANNEL) this.#receive(text);
      else this.#texts.emit(addressed(channel), text);
    };
    const onLoss = (): void => void this.#emitter.emit(LOSS);
    const probe = (channel: string) => pool.query("select pg_notify($1, '')", [channel]);
    this.#listener = new Listener({ connection, probe, onText, onLoss }, [CHANNEL]);
  }

  get connected(): boolean {
    return this.#listener.connected;
  }

  send(notice: Notice): void {
    const text = noticeText(notice, this.#id);
    if (text !== undefined) this.#outbox.add(text);
    this.#emitter.emit(kindOf(notice), notice);
  }

  on<Kind extends Notice["kind"]>(kind: Kind, receive: OnNotice<Kind>): () => void {
    return added(this.#emitter, `kind ${kind}`, receive);
  }

  onLoss(receive: () => void): () => void {
    return added(this.#emitter, LOSS, receive);
  }

  onText(address: string, receive: (text: string) => void): () => void {
    const remove = added(this.#texts, addressed(address), receive);
    this.#listener.listen(address);
    return () => {
      remove();
      if (this.#texts.listenerCount(addressed(address)) === 0) this.#listener.unlisten(address);
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#outbox.close(), this.#listener.close()]);
  }

  #receive(text: string): void {
    const received = readNotice(text);
    if (received === undefined || received.by === this.#id) return;
    this.#emitter.emit(kindOf(received.notice), received.notice);
  }
}

function kindOf({ kind }: Notice): string {
  return `kind ${kind}`;
}

/** Makes the event of an address. The prefix keeps any name apart from the emitter's own events. */
function addressed(address: string): string {
  return `to ${address}`;
}

function added<Args extends unknown[]>(
  emitter: EventEmitter,
  event: string,
  receive: (...args: Args) => void,
): () => void {
  const listener = receive as (...args: unknown[]) => void;
  emitter.on(event, listener);
  return () => void emitter.off(event, listener);
}
