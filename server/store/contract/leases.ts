/** Kinds of places: for all executions of a tenant, and for those without a key among them. */
export type SlotKind = "all" | "anonymous";

/** Places of one server. */
export interface SlotLease {
  readonly tenant: string;
  readonly kind: SlotKind;
  /** Places that it holds. It gives back those above. */
  readonly held: number;
  /** Most places of all servers together. */
  readonly most: number;
}

export interface LeasedSlots {
  /** Places that the server holds now. */
  readonly held: number;
  /** Places to give back as its executions end, because other servers wait for them. */
  readonly give: number;
  /** Places that no server holds. */
  readonly free: number;
}

/** Number of events, of which some may be taken ahead of time. */
export interface Wanted {
  readonly wants: number;
  /** Most events beyond `wants`. They are granted while there are plenty. */
  readonly ahead: number;
  /** Events taken earlier, which come back. */
  readonly gives: number;
}

export interface EventsAsk extends Wanted {
  readonly tenant: string;
  readonly kind: string;
  readonly requests: number;
  readonly seconds: number;
  /** Window of the events that come back. */
  readonly window: string;
}

export interface TakenEvents {
  readonly granted: number;
  /** Events left in the window. */
  readonly left: number;
  readonly window: string;
  /** Milliseconds until the end of the window. */
  readonly lasts: number;
}

export interface ReserveAsk extends Wanted {
  readonly tenant: string;
  /** Executions of the budget, or `null` to read the use only. */
  readonly most: number | null;
  /** Day of the executions that come back, as in `Reserved`. */
  readonly day: string;
  /** Milliseconds after which those ahead are back. */
  readonly aheadFor: number;
}

export interface Reserved {
  readonly granted: number;
  /** Current day in UTC, such as `2026-01-31`. */
  readonly day: string;
  /** Milliseconds until the end of the day. */
  readonly lasts: number;
  /** Executions of today that are recorded. */
  readonly executions: number;
  /** Milliseconds of processor time that are recorded today. */
  readonly cpu: number;
  /** Executions that other servers may give back soon. */
  readonly coming: number;
}

/** Reservation of an execution in a budget, which its record replaces. */
export interface Reservation {
  /** Name under which it was reserved: the id of a server, which may be followed by `/` and a number. */
  readonly node: string;
  readonly day: string;
}

export interface Renewal {
  readonly slots: readonly SlotLease[];
  readonly budgets: readonly (Reservation & { readonly tenant: string })[];
}

/**
 * Parts of the limits of tenants that servers have for a time, by the store's clock. Whatever a
 * server does not renew goes back by itself. `node` is the id of the server.
 */
export interface Leases {
  /** Leases places up to `wants` in all, for `lease` milliseconds. Gives back those beyond `held`. */
  slots(node: string, asked: SlotLease, wants: number, lease: number): Promise<LeasedSlots>;
  /**
   * Renews places, which are then no more than given, and reservations, for `lease` milliseconds.
   * Returns the places that were not over yet.
   */
  renew(
    node: string,
    renewal: Renewal,
    lease: number,
  ): Promise<readonly Pick<SlotLease, "tenant" | "kind" | "held">[]>;
  /** Takes events out of a window of some seconds, in which there are so many. */
  events(asked: EventsAsk): Promise<TakenEvents>;
  /** Reserves executions of today's budget for `lease` milliseconds. */
  reserve(node: string, asked: ReserveAsk, lease: number): Promise<Reserved>;
  /** Adds milliseconds of processor time that belong to no execution to today's use. */
  charge(charges: readonly { readonly tenant: string; readonly cpu: number }[]): Promise<void>;
  /** Gives everything of a server back, with what it has under names that begin with its id. */
  giveAll(node: string): Promise<void>;
  /** Returns today's use, with the executions that servers have begun. `ahead` of them have not. */
  today(
    tenant: string,
    node: string,
    ahead: number,
  ): Promise<{ readonly day: string; readonly executions: number; readonly cpu: number }>;
  /** Deletes what is long over. */
  prune(): Promise<void>;
}
