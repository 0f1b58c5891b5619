/** True while `npm run soak` runs, which does for long what the tests do a few times. */
export const SOAK = process.env.SOAK === "true";

/**
 * Field of requests whose tests look at answers, and not at sandboxes. A new worker in a kept sandbox costs a tenth of a
 * process. A soak gives each request a sandbox of its own.
 */
export const IN_KEPT: { readonly reuse?: "tenant" } = SOAK ? {} : { reuse: "tenant" };

/** Returns how often a soak does something: as often as it says, or the share of it that `SOAK_SHARE` names. */
export function soakTimes(full: number): number {
  return Math.ceil(full * Number(process.env.SOAK_SHARE ?? 1));
}
