import { type Config, config } from "./config.ts";

/** The defaults of all settings, whatever the environment says. Nothing can change them. */
export const DEFAULT_CONFIG: Config = frozen(config({ strict: false }));

function frozen<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === "object" && inner !== null) frozen(inner);
  }
  return Object.freeze(value);
}
