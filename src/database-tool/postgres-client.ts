import { AsyncLocalStorage } from "node:async_hooks";
import { DatabaseError, lostTransaction } from "./database-error.ts";
import type { Result, Wire } from "./wire.ts";

/** Result that Drizzle awaits. `values()` returns the rows as arrays of values. */
export interface PendingResult extends PromiseLike<Result> {
  values(): Promise<Result>;
}

type Task<T> = () => Promise<T>;

/** Statements that end a transaction or a savepoint. */
interface Ends {
  readonly success: string;
  readonly failure: string;
}

const COMMIT: Ends = { success: "commit", failure: "rollback" };

/** Holds the transaction that the running code is in, if any. */
const within = new AsyncLocalStorage<Transaction>();

/**
 * Implements the part of a postgres.js client that Drizzle uses, on one connection. Statements run
 * one after the other; none of another transaction comes between. The driver's own transactions
 * write to a connection that is gone, and no promise rejects.
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

  /** Ends the connection after the statements under way. */
  end(): Promise<void> {
    return this.inTurn(() => this.wire.end());
  }

  /** Lets the next statement start at once: the statements before it were on another connection. */
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

/** A client within a transaction. Savepoints share it, because they share the connection. */
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

  /** Calls `body`, then sends the statement for its success or failure. */
  async settle<T>(body: Task<T>, say: Ends): Promise<T> {
    let value: T;
    try {
      value = await body();
    } catch (thrown) {
      // A lost connection rolls back anyway, and the caller needs the error of `body`.
      await this.unsafe(say.failure).then(undefined, () => {});
      this.#failure = undefined;
      throw thrown;
    }
    const { command } = await this.unsafe(say.success);
    // A server answers "commit" with this after a failed statement whose error the code has caught.
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
