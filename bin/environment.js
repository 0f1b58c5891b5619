/**
 * Takes the settings out of this process' environment, so that no child process and no thread inherits
 * them. It is loaded before anything else, as the loader of TypeScript starts a child by itself.
 */

/** Also removed: what compose.yaml has for its store, and what spans are sent with. */
const TAKEN =
  /^(ISOLATE_.*|DATABASE_URL(_FILE)?|POSTGRES_PASSWORD|OTEL_EXPORTER_OTLP_(TRACES_)?HEADERS)$/;
/** Where they wait: one place for all copies that a loader may make of this module. */
const PLACE = Symbol.for("isolate.environment");

if (globalThis[PLACE] === undefined) {
  const value = { ...process.env };
  for (const name of Object.keys(value)) if (TAKEN.test(name)) delete process.env[name];
  Object.defineProperty(globalThis, PLACE, { value, configurable: true });
}

/** Returns the environment as it was given, once: after that it is as it is now. */
export function takeEnvironment() {
  const environment = globalThis[PLACE];
  Object.defineProperty(globalThis, PLACE, { value: process.env, configurable: true });
  return environment;
}
