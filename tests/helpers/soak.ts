/** True if tests run at full length, as `npm run soak` requests. */
export const SOAK = process.env.SOAK === "true";

/**
 * Field of requests whose tests look at answers, and not at sandboxes. A new worker in a kept sandbox costs a tenth of a
 * process. A soak gives each request a sandbox of its own.
 */
export const IN_KEPT: { readonly reuse?: "tenant" } = SOAK ? {} : { reuse: "tenant" };
