/** Milliseconds for which places and reservations are leased, by the store's clock. */
export const LEASE = 15_000;
/**
 * Milliseconds before the end of a lease at which this server stops using it, by its own clock.
 * They are for clocks that run unevenly, and for a store that moves to a machine with another one.
 */
export const MARGIN = 2_000;
/** Milliseconds between two renewals, and after one that failed. */
export const RENEW_EVERY = 5_000;
export const RENEW_AGAIN = 1_000;
/** Milliseconds for which a server keeps what it has leased and does not use. */
export const IDLE = 1_000;
