import { DeadlineError, deadline } from "../../src/base/deadline.ts";
import type { Leases } from "../store/contract/leases.ts";
import type { BudgetCounter } from "./budgets.ts";
import type { LeasedPlaces } from "./concurrency-limits.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { LeasedBudgets } from "./leased-budgets.ts";
import { LeasedRates } from "./leased-rates.ts";
import type { RateCounter } from "./rates.ts";

/** Milliseconds in which the store has to take everything back. */
const LAST_MS = 3_000;

/** Limits of tenants that several servers keep together, by leases in their store. */
export class LeasesOfServer {
  readonly budgets: BudgetCounter;
  readonly rates: RateCounter;
  readonly #budgets: LeasedBudgets;
  readonly #keeper: LeaseKeeper;

  /** Creates them without any lease. `node` is the id of this server. */
  constructor(leases: Leases, node: string) {
    this.#budgets = new LeasedBudgets(leases, node);
    this.#keeper = new LeaseKeeper({ leases, node, budgets: this.#budgets });
    this.budgets = this.#budgets;
    this.rates = new LeasedRates(leases, "executions");
  }

  /** Makes places of a tenant, without any yet. */
  placesOf(tenant: string): LeasedPlaces {
    const of = (kind: "all" | "anonymous") => this.#keeper.slotsOf(tenant, kind);
    return { all: of("all"), anonymous: of("anonymous") };
  }

  forget({ all, anonymous }: LeasedPlaces): void {
    this.#keeper.forget(all);
    this.#keeper.forget(anonymous);
  }

  /** Gives everything back, if the store takes it in time. Otherwise it is over by itself. */
  async close(): Promise<void> {
    this.rates.close();
    this.#budgets.close();
    await deadline(this.#keeper.close(), LAST_MS, "Giving the leases back").catch((error) => {
      if (!(error instanceof DeadlineError)) throw error;
    });
  }
}
