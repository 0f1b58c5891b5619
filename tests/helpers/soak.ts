/** True if tests run at full length, as `npm run soak` requests. */
export const SOAK = process.env.SOAK === "true";
