import type { Leases, SlotKind } from "../store/contract/leases.ts";
import { LEASE, RENEW_AGAIN, RENEW_EVERY } from "./lease-times.ts";
import type { LeasedBudgets } from "./leased-budgets.ts";
import { LeasedSlots } from "./leased-slots.ts";

export interface LeaseKeeperOptions {
  readonly leases: Leases;
  /** Id of this server among those of the store. */
  readonly node: string;
  readonly budgets: LeasedBudgets;
}

/** Renews all that this server has leased, in one statement. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #slots = new Set<LeasedSlots>();
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#next(RENEW_EVERY);
  }

  /** Makes places of a tenant, without any yet. */
  slotsOf(tenant: string, kind: SlotKind): LeasedSlots {
    const { leases, node } = this.#options;
    const untilRenewed = async (): Promise<void> => this.#renewing;
    const slots = new LeasedSlots({ leases, node, tenant, kind, untilRenewed });
    this.#slots.add(slots);
    return slots;
  }

  forget(slots: LeasedSlots): void {
    slots.close();
    this.#slots.delete(slots);
  }

  /** Gives everything back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const slots of this.#slots) slots.close();
    await this.#renewing;
    const { leases, node, budgets } = this.#options;
    try {
      await budgets.writeCharges();
    } finally {
      await leases.giveAll(node);
    }
  }

  #next(ms: number): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#renewing = this.#renew()
        .then(
          () => this.#next(RENEW_EVERY),
          () => this.#next(RENEW_AGAIN),
        )
        .finally(() => {
          this.#renewing = undefined;
        });
    }, ms).unref();
  }

  async #renew(): Promise<void> {
    const { leases, node, budgets } = this.#options;
    const asked = [...this.#slots].flatMap((each) => {
      const renewal = each.renewal();
      return renewal === undefined ? [] : [{ each, renewal }];
    });
    const reservations = budgets.renewals();
    if (asked.length > 0 || reservations.length > 0) {
      const askedAt = performance.now();
      const slots = asked.map(({ renewal }) => renewal);
      const renewed = await leases.renew(node, { slots, budgets: reservations }, LEASE);
      const held = new Map(renewed.map((row) => [`${row.kind} ${row.tenant}`, row.held]));
      for (const { each, renewal } of asked) {
        each.renewed(held.get(`${renewal.kind} ${renewal.tenant}`) ?? 0, askedAt);
      }
    }
    await budgets.writeCharges();
  }
}
