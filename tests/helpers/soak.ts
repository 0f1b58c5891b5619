/** Whether tests are to run as long as they would by right: `npm run soak` says so. */
export const SOAK = process.env.SOAK === "true";
