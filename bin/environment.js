/**
 * Takes the settings out of this process's environment, so that no child process and no thread
 * inherits them. It is loaded before anything else, because the loader of TypeScript starts a
 * child.
 */

/**
 * Names of the variables to take. Some are not Isolate's own: the store of compose.yaml, and the
 * headers for spans.
 */
const TAKEN =
  /^(ISOLATE_.*|DATABASE_URL(_FILE)?|POSTGRES_PASSWORD|OTEL_EXPORTER_OTLP_(TRACES_)?HEADERS)$/;
/** Key of the global that holds the environment, for all copies a loader makes of this module. */
const PLACE = Symbol.for("isolate.environment");

if (globalThis[PLACE] === undefined) {
  const value = { ...process.env };
  for (const name of Object.keys(value)) if (TAKEN.test(name)) delete process.env[name];
  Object.defineProperty(globalThis, PLACE, { value, configurable: true });
}

/** Returns the original environment on the first call, and the current one later. */
export function takeEnvironment() {
  const environment = globalThis[PLACE];
  Object.defineProperty(globalThis, PLACE, { value: process.env, configurable: true });
  return environment;
}
