/** `isolate/config`: settings and their defaults. */
export { type Config, config, type PartialConfig } from "../config/config.ts";
export { DEFAULT_CONFIG } from "../config/default-config.ts";
