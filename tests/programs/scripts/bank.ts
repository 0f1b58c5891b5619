/** Moves money between accounts by a journal, and undoes what fails. */
class BankError extends Error {
  override readonly name: string = "BankError";
  constructor(message: string, readonly code: string, options?: ErrorOptions) {
    super(message, options);
  }
}
class Overdrawn extends BankError {
  override readonly name = "Overdrawn";
  constructor(readonly account: string, readonly missing: number) {
    super(`${account} lacks ${(missing / 100).toFixed(2)}`, "E_OVERDRAWN");
  }
}

class Bank {
  #balances = new Map<string, number>();
  readonly journal: { readonly from: string; readonly to: string; readonly cents: number }[] = [];

  open(name: string, cents: number): this {
    this.#balances.set(name, cents);
    return this;
  }

  balance(name: string): number {
    return this.#balances.get(name) ?? this.#unknown(name);
  }

  #unknown(name: string): never {
    throw new BankError(`No account ${name}`, "E_UNKNOWN");
  }

  transfer(from: string, to: string, cents: number): void {
    const [before, target] = [this.balance(from), this.balance(to)];
    if (before < cents) throw new Overdrawn(from, cents - before);
    this.#balances.set(from, before - cents).set(to, target + cents);
    this.journal.push({ from, to, cents });
  }

  all(steps: readonly (readonly [string, string, number])[]): void {
    const undo = new Map(this.#balances);
    try {
      for (const step of steps) this.transfer(...step);
    } catch (cause) {
      this.#balances = undo;
      throw new BankError(`${steps.length} transfers undone`, "E_UNDONE", { cause });
    } finally {
      console.log("balances: %s", [...this.#balances.entries()].map(([name, cents]) => `${name} ${cents}`).join(", "));
    }
  }

  toJSON(): object {
    return { balances: [...this.#balances], journal: this.journal.length };
  }
}
export default async () => {
  const bank = new Bank().open("ada", 100_00).open("bob", 5_00);
  bank.transfer("ada", "bob", 20_00);
  try {
    bank.all([["ada", "bob", 50_00], ["ada", "bob", 50_00]]);
  } catch (error) {
    for (let at = error; at instanceof Error; at = at.cause) {
      console.error(`${at.name}: ${at.message} [${at instanceof BankError ? at.code : "-"}]`);
    }
  }
  const settled = await Promise.allSettled(["ada", "eve"].map(async (name) => bank.balance(name)));
  console.log(settled.map(({ status }) => status).join());
  const failed = await Promise.any([Promise.reject(new Overdrawn("x", 1)), Promise.reject(1)]).catch((all: AggregateError) => all);
  console.log(failed instanceof AggregateError, failed.errors.length, failed.errors[0] instanceof Overdrawn);
  return bank;
};
