import { AsyncLocalStorage } from "node:async_hooks";
import { DatabaseError, lostTransaction } from "./database-error.ts";
import type { Result, Wire } from "./wire.ts";

/** What Drizzle awaits, or asks for the rows as arrays of values first. */
export interface PendingResult extends PromiseLike<Result> {
  values(): Promise<Result>;
}

type Task<T> = () => Promise<T>;

/** What to say to the server at the end, depending on how that came. */
interface Ends {
  readonly success: string;
  readonly failure: string;
}

const COMMIT: Ends = { success: "commit", failure: "rollback" };

/** The transaction the code at hand runs within, if it does. */
const within = new AsyncLocalStorage<Transaction>();

/**
 * The part of a postgres.js client that Drizzle uses, on one connection: statements one after the
 * other, and none of others between those of a transaction. That driver's own transactions write
 * to a connection that is gone, where no promise hears of the failure.
 */
export class Client {
  protected readonly wire: Wire;
  #last: Promise<unknown> = Promise.resolve();

  constructor(wire: Wire) {
    this.wire = wire;
  }

  get options(): Wire["options"] {
    return this.wire.options;
  }

  unsafe(text: string, parameters: readonly unknown[] = []): PendingResult {
    const run = (values: boolean) => this.inTurn(() => this.run(text, parameters, values));
    return {
      values: () => run(true),
      // biome-ignore lint/suspicious/noThenProperty: a query runs when it is awaited, and not before
      then: (resolve, reject) => run(false).then(resolve, reject),
    };
  }

  /** Runs `body` in a transaction, which is rolled back if it rejects. */
  begin<T>(body: (client: Client) => Promise<T>): Promise<T> {
    return this.inTurn(async () => {
      await this.wire.run("begin", []);
      const transaction = new Transaction(this.wire, this);
      const inside = () => within.run(transaction, () => body(transaction));
      return transaction.settle(inside, COMMIT).finally(() => {
        transaction.open = false;
      });
    });
  }

  /** Ends the connection after what is under way. */
  end(): Promise<void> {
    return this.inTurn(() => this.wire.end());
  }

  /** Lets the next statement wait for none of those before: they were on another connection. */
  forget(): void {
    this.#last = Promise.resolve();
  }

  protected run(text: string, parameters: readonly unknown[], values?: boolean): Promise<Result> {
    return this.wire.run(text, parameters, values);
  }

  protected inTurn<T>(task: Task<T>): Promise<T> {
    // It would wait for the transaction, which waits for it.
    const transaction = within.getStore();
    if (transaction?.open && transaction.outer === this) return Promise.reject(outside());
    const turn = this.#last.then(task);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

/** A client within a transaction. Savepoints make no client of their own: it is one connection. */
class Transaction extends Client {
  readonly outer: Client;
  open = true;
  readonly #connection = this.wire.connection;
  #savepoints = 0;
  #failure: DatabaseError | undefined;

  constructor(wire: Wire, outer: Client) {
    super(wire);
    this.outer = outer;
  }

  /** Runs `body` between a savepoint and its release. */
  async savepoint<T>(body: (client: Client) => Promise<T>): Promise<T> {
    this.#savepoints += 1;
    const name = `s${this.#savepoints}`;
    await this.unsafe(`savepoint ${name}`);
    const success = `release savepoint ${name}`;
    return this.settle(() => body(this), { success, failure: `rollback to savepoint ${name}` });
  }

  /** Calls `body`, and says to the server how it ended. */
  async settle<T>(body: Task<T>, say: Ends): Promise<T> {
    let value: T;
    try {
      value = await body();
    } catch (thrown) {
      // The server has done it if the connection is gone; and the reason is what matters.
      await this.unsafe(say.failure).then(undefined, () => {});
      this.#failure = undefined;
      throw thrown;
    }
    const { command } = await this.unsafe(say.success);
    // What a server answers to "commit" after a statement has failed, though its code caught that.
    if (command === "ROLLBACK") throw this.#failure ?? over();
    return value;
  }

  protected override async run(
    text: string,
    parameters: readonly unknown[],
    values?: boolean,
  ): Promise<Result> {
    if (!this.open) throw over();
    const connection = this.#connection;
    if (connection === undefined || this.wire.connection !== connection) throw lostTransaction();
    try {
      return await super.run(text, parameters, values);
    } catch (thrown) {
      this.#failure ??= thrown as DatabaseError;
      throw thrown;
    }
  }
}

function outside(): DatabaseError {
  return new DatabaseError('Within a transaction, use the "tx" it hands over instead of "db"');
}

function over(): DatabaseError {
  return new DatabaseError("The transaction is over", "25P01");
}
