/** Name of the variable that switches strict mode on where the settings do not say. */
const STRICT_VARIABLE = "STRICT_MODE";

/**
 * Reads strict mode from the environment. It is off without the variable.
 *
 * @throws {Error} for another value than `true` and `false`.
 *
 * @example
 * strictMode({ STRICT_MODE: "true" }) // true
 * @example
 * strictMode({}) // false
 */
export function strictMode(env: NodeJS.ProcessEnv = process.env): boolean {
  const { [STRICT_VARIABLE]: text = "" } = env;
  if (text === "true") return true;
  if (text === "false" || text === "") return false;
  throw new Error(`Bad setting ${STRICT_VARIABLE}: It is neither true nor false`);
}
